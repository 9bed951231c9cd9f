//! A family written by hand on the contract: what generated code looks like, and that both of its readings agree.
#![cfg(feature = "std")]
#![allow(missing_docs, unreachable_pub)]

mod doc_exmpl {
    //! Family DOC_EXMPL: the example of the documents.
    use netloom_wire::*;

    attribute_set! {
        /// What DOC_EXMPL's messages hold.
        pub struct Msg | MsgAttr, "msg" {
            /// Text.
            #[doc(alias = "DOC_EXMPL_A_MSG")]
            1 "msg" msg Msg MSG: Str;
            /// Position of a text in the order in which they were said.
            #[doc(alias = "DOC_EXMPL_A_INDEX")]
            2 "index" index Index INDEX: u32;
        }
    }

    policies! {
        ECHO_DO { 1 NUL_STRING }
        LIST_DUMP {}
    }

    /// Family DOC_EXMPL.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct DocExmpl;
    impl Family for DocExmpl {
        type Header = ();
        const INFO: &'static FamilyInfo = &INFO;
    }

    pub static INFO: FamilyInfo = FamilyInfo {
        name: "DOC_EXMPL",
        version: 1,
        protocol: Protocol::GENERIC,
        header: <() as FixedHeader>::INFO,
        ops: &[Echo::INFO, List::INFO, Said::INFO],
        groups: &[DOC_EXMPL_GRP],
        merges: &[],
        resv_start_op: 0,
        max_attr: 0,
        reply_seq_any: false,
    };

    /// Who joins it hears what is said.
    pub const DOC_EXMPL_GRP: Group =
        Group { family: "DOC_EXMPL", name: "DOC_EXMPL_GRP", protocol: Protocol::GENERIC, number: None };

    ops! {
        /// Answers any text with its own.
        #[doc(alias = "DOC_EXMPL_C_ECHO")]
        pub op Echo: DocExmpl, "echo" { do 1 (Msg) -> 1 Msg, &ECHO_DO; }
        /// Tells what was said.
        pub op List: DocExmpl, "list" [ADMIN_PERM | UNS_ADMIN_PERM] { dump 3 (()) -> 3 Msg, &LIST_DUMP, LIBERAL; }
        /// Something was said.
        pub op Said: DocExmpl, "said" { notify 4 Msg, DOC_EXMPL_GRP; }
    }
}

mod shapes {
    //! One of each construct.
    use netloom_wire::*;

    enumeration! {
        /// Colours.
        pub struct Colour: u32, "colour" {
            /// Red.
            RED = 1 "red";
            /// Blue.
            BLUE = 2 "blue";
        }
    }

    c_struct! {
        /// A header.
        pub struct Head, "head" {
            /// Family.
            family: u8 = "family";
            _(1)
            /// Port.
            port: Be<u16> = "port";
            /// Colour.
            colour: Named<Colour, u32> = "colour";
            /// Address.
            mac: [u8; 6] = "mac" [Mac];
            ; _(2)
        }
    }

    /// Levels of `policy`.
    pub enum PolicyLevels {}
    impl Levels for PolicyLevels {
        const NAMES: &'static [&'static str] = &["policy-id", "attr-id"];
    }

    attribute_set! {
        /// Everything at once, and itself.
        pub struct Shapes: Head | ShapesAttr, "shapes" {
            /// A name.
            1 "name" name Name NAME: Str;
            /// A key.
            2 "key" key Key KEY: Secret<Fixed<4>>;
            /// Children, the sets referring to each other.
            3 "children" children Children CHILDREN: Indexed<Nest<Child>, 0, 0>;
            /// Numbers.
            4 "numbers" numbers Numbers NUMBERS: Multi<Uint>;
            /// There or not.
            5 "there" there There THERE: Flag;
            /// Colours in big-endian.
            6 "colour" colour Colour COLOUR: Named<Colour, Be<u16>>;
            /// An address.
            7 "ip" ip Ip IP: Ip;
            /// Policies.
            8 "policy" policy Policy POLICY: TypeValue<PolicyLevels, Child, 2>;
            /// A structure.
            9 "head" head Head HEAD: CStruct<Head>;
            /// Hardware address.
            10 "mac" mac Mac MAC: Bytes [Mac];
            /// Bare children.
            11 "bare" bare Bare BARE: Indexed<BareNest<Child>>;
        }
    }

    attribute_set! {
        /// A child.
        pub struct Child | ChildAttr, "child" {
            /// Its number.
            1 "number" number Number NUMBER: i32;
            /// Its children.
            2 "more" more More MORE: Multi<Nest<Child>>;
        }
    }
}

use doc_exmpl::*;
use netloom_wire::*;
use shapes::*;

fn body(message: &impl Message) -> Vec<u8> {
    let mut buf = vec![0; 4096];
    let mut w = Writer::new(&mut buf);
    message.encode(&mut w).unwrap();
    w.written().to_vec()
}

fn everything() -> Shapes {
    let child = |n| Child::new().number(n).more([Child::new().number(n + 1)]);
    Shapes::new()
        .header(Head { family: 2, port: 0x1234, colour: Colour::BLUE, mac: [1, 2, 3, 4, 5, 6] })
        .name("wg0")
        .key([7; 4])
        .children([child(1), child(-5)])
        .numbers([1, u64::MAX])
        .there(true)
        .colour(Colour(77))
        .ip("2001:db8::1".parse::<std::net::IpAddr>().unwrap())
        .policy([([0, 1], child(3)), ([1, 2], Child::new())])
        .head(Head::default())
        .mac([2, 0, 0, 0, 0, 1])
        .bare([child(9)])
}

#[test]
fn an_op_is_a_marker_that_tells_the_types() {
    fn request<O: Do>(_: O, request: O::Request) -> (u16, Vec<u8>) {
        (O::REQUEST, body(&request))
    }
    let (number, bytes) = request(Echo, Msg::new().msg("hello from user space!"));
    assert_eq!((number, bytes.len(), <Echo as Op>::Family::NAME), (1, 28, "DOC_EXMPL"));
    assert_eq!((List::REPLY, Said::GROUP.name), (3, "DOC_EXMPL_GRP"));
    assert_eq!((Echo::INFO.flags, List::INFO.flags), (OpFlags::NONE, OpFlags(0x11)));
    let (echo, list) = (Echo::INFO.doit.unwrap(), List::INFO.dump.unwrap());
    assert_eq!((echo.strictness, list.strictness), (Strictness::STRICT, Strictness::LIBERAL));
    assert_eq!((echo.asks.name, list.asks.name, list.answers.name), ("msg", "", "msg"));
    assert_eq!(INFO.ops.iter().map(OpInfo::number).collect::<Vec<_>>(), [Some(1), Some(3), Some(4)]);
}

#[test]
fn what_is_written_is_read_again() {
    let sent = everything();
    let bytes = body(&sent);
    assert_eq!(bytes[..16], [2, 0, 0x12, 0x34, 2, 0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0]);
    let mut bad = Vec::new();
    let read =
        Shapes::decode(Body::read(&bytes).unwrap(), &mut |path: &Path<'_>, _: Attr<'_>| bad.push(path.to_string()));
    assert_eq!((read, bad), (sent, Vec::<String>::new()));
}

#[test]
fn the_nested_bit_is_the_markers() {
    let bytes = body(&everything());
    let flags: Vec<_> = RawAttrs::new(&bytes[16..]).into_iter().map(|a| (a.id(), a.is_nested())).collect();
    assert!(flags.contains(&(3, true)) && flags.contains(&(8, true)) && flags.contains(&(11, false)));
    let bare = RawAttrs::new(&bytes[16..]).first(11).unwrap();
    assert!(bare.nested().into_iter().all(|element| !element.is_nested() && element.id() == 1));
}

#[test]
fn unknown_and_ill_formed_attributes_are_kept() {
    let mut buf = [0; 256];
    let mut w = Writer::new(&mut buf);
    Head::default().write(&mut w).unwrap();
    w.put_attr(77, b"later").unwrap();
    w.put_attr(2, &[1, 2, 3]).unwrap();
    w.nest_attr(3, |w| w.nest_attr(0, |w| w.put_attr(1, &[9]))).unwrap();
    let mut bad = Vec::new();
    let mut told = |path: &Path<'_>, _: Attr<'_>| bad.push(path.to_string());
    let read = Shapes::decode(Body::read(w.written()).unwrap(), &mut told);
    assert_eq!(bad, ["key", "children[0].number"]);
    assert_eq!(
        read.unparsed.iter().map(|a| (a.raw_type, a.why)).collect::<Vec<_>>(),
        [(77, Why::Unknown), (2, Why::Bad)]
    );
    assert_eq!(body(&read)[16 + 8..], [&9_u16.to_ne_bytes()[..], &77_u16.to_ne_bytes(), b"later\0\0\0"].concat());
}

#[test]
fn the_borrowed_enum_and_keys_read_the_same() {
    let bytes = body(&everything());
    let attrs: Attrs<'_, Shapes> = Attrs::new(&bytes[16..]);
    let mut names = 0;
    for attr in attrs {
        match attr {
            ShapesAttr::Name(name) => names += name.len(),
            ShapesAttr::Children(mut children) => {
                let second = children.nth(1).and_then(|element| element.value).unwrap();
                assert_eq!(second.get(Child::NUMBER), Some(-5));
            }
            ShapesAttr::Unknown(_) | ShapesAttr::Bad(_) => panic!("{attr:?}"),
            _ => {}
        }
    }
    assert_eq!((names, attrs.get(Shapes::NAME)), (3, Some("wg0")));
    assert_eq!(attrs.all(Shapes::NUMBERS).collect::<Vec<_>>(), [1, u64::MAX]);
    assert_eq!(format!("{:?}", attrs.get(Shapes::KEY)), "Some((hidden))");
}

#[test]
fn endless_nests_neither_overflow_nor_get_lost() {
    let mut bytes = Vec::new();
    for depth in 1..=15_000_u16 {
        let len = (16_001 - depth) * 4;
        bytes.extend([len.to_ne_bytes(), 0x8002_u16.to_ne_bytes()].concat());
    }
    bytes.resize(64_000, 0);
    let mut bad = 0;
    let read = Child::decode(Body::read(&bytes).unwrap(), &mut |_: &Path<'_>, _: Attr<'_>| bad += 1);
    assert_eq!((read.more.len(), bad), (1, 1));
}

#[test]
fn schemas_know_names_and_lead_in_circles() {
    let children = Shapes::SCHEMA.named("children").unwrap();
    let schema::Kind::Array(array) = children.kind else { panic!() };
    let schema::Kind::Nest(nest) = array.element else { panic!() };
    let child = nest.schema.table().unwrap();
    let schema::Kind::Nest(again) = child.named("more").unwrap().kind else { panic!() };
    assert!(std::ptr::eq(again.schema.table().unwrap(), child) && child.named("more").unwrap().multi);
    assert_eq!(Shapes::SCHEMA.attr(10).unwrap().hint, Some(schema::Hint::Mac));
    assert!(Shapes::SCHEMA.attr(2).unwrap().secret);
    assert_eq!(Head::INFO.members.iter().map(|m| m.offset).collect::<Vec<_>>(), [0, 2, 4, 8]);
}
