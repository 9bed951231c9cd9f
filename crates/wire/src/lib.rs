//! The bytes of netlink: messages, attributes, schemas, policies, extended acks, and the contract both ends are generic over.
