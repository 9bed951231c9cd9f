//! Static tables from a spec: schemas, enums, structures, ops.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::OnceLock;

use netloom_spec::{
    self as spec, Attribute, ByteOrder, DisplayHint, EnumId, EnumUse, IndexBase, Operation, RustType, Scalar, SetId,
    Spec, StructId, SubMessageId, Width,
};
use netloom_wire::schema::{
    Array, AttrInfo, EnumInfo, Format, Hint, Int, Kind, Member, MemberKind, Nest, Records, StructInfo, SubMessage,
    TypeValue,
};
use netloom_wire::{
    FamilyInfo, FixedHeader, Group, Link, MergeInfo, ModeInfo, NotifyInfo, OpFlags, OpInfo, Protocol, Schema,
    Strictness,
};

use super::policies::Policies;

/// The tables of one spec in the making. All of them are leaked: the contract's tables are `&'static`.
pub(super) struct Tables<'s> {
    pub(super) spec: &'s Spec,
    /// A cell for each set: they refer to each other in circles.
    schemas: &'static [OnceLock<Schema>],
    sub_messages: &'static [OnceLock<SubMessage>],
    enums: RefCell<HashMap<(EnumId, bool), &'static EnumInfo>>,
    structs: RefCell<HashMap<StructId, &'static StructInfo>>,
    /// The attributes of the family that this one stands for, by their set's name and their own.
    like: HashMap<(&'static str, &'static str), &'static AttrInfo>,
    merges: &'static [MergeInfo],
}

impl<'s> Tables<'s> {
    /// `like`: a family of the same name, whose secrets, hints and merges are those of this one where the spec is silent. The
    /// kernel's own specs are.
    pub(super) fn new(spec: &'s Spec, like: Option<&'static FamilyInfo>) -> Self {
        Self {
            like: like.map(attributes).unwrap_or_default(),
            merges: like.map_or(&[], |info| info.merges),
            spec,
            schemas: cells(spec.sets.len()),
            sub_messages: cells(spec.sub_messages.len()),
            enums: RefCell::default(),
            structs: RefCell::default(),
        }
    }

    /// The family.
    pub(super) fn family(&self) -> &'static FamilyInfo {
        let spec = self.spec;
        for (cell, set) in self.schemas.iter().zip(&spec.sets) {
            let attrs = set.emission.iter().filter_map(|index| set.attributes.get(*index));
            let attrs = attrs
                .map(|attribute| {
                    let info = self.attribute(attribute);
                    match self.like.get(&(set.name.as_str(), info.name)) {
                        Some(like) => AttrInfo {
                            secret: info.secret || like.secret,
                            hint: info.hint.or(like.hint.filter(|_| matches!(info.kind, Kind::Binary))),
                            ..info
                        },
                        None => info,
                    }
                })
                .collect();
            cell.get_or_init(|| Schema { name: text(&set.name), attrs: list(attrs) });
        }
        let protocol = Protocol::new(spec.protocol.number()).unwrap_or(Protocol::GENERIC);
        let groups: &'static [Group] = list(spec.groups.iter().map(|group| self.group(group, protocol)).collect());
        let policies = Policies::new(self);

        let mut ops: Vec<&Operation> = spec.operations.iter().filter(|op| !op.is_reserved()).collect();
        ops.sort_by_key(|op| (op.request_id.is_none(), op.request_id.or(op.reply_id)));
        // Most raw families use one header; the others have their own at the op.
        let header = ops.iter().find_map(|op| op.fixed_header).map(|id| self.structure(id));
        let header = header.unwrap_or(<() as FixedHeader>::INFO);
        let ops = ops.into_iter().map(|op| self.op(op, header, groups, &policies)).collect();
        let info = FamilyInfo {
            name: text(&spec.name),
            version: spec.version,
            protocol,
            header,
            ops: list(ops),
            groups,
            merges: match spec.operations.iter().filter_map(|op| self.merge(op)).collect::<Vec<_>>() {
                merges if merges.is_empty() => self.merges,
                merges => list(merges),
            },
            // A command is 8 bits: beyond 255 there is none.
            resv_start_op: u16::try_from(spec.resv_start_op).unwrap_or(u16::MAX),
            max_attr: policies.max_attr(),
            reply_seq_any: spec.operations.iter().any(|op| op.any_reply_seq),
        };
        leak(info)
    }

    fn group(&self, group: &spec::Group, protocol: Protocol) -> Group {
        Group { family: text(&self.spec.name), name: text(&group.name), protocol, number: group.id }
    }

    fn op(&self, op: &Operation, header: &'static StructInfo, groups: &'static [Group], policies: &Policies) -> OpInfo {
        let own = op.fixed_header.map_or(<() as FixedHeader>::INFO, |id| self.structure(id));
        let mode = |mode: &spec::Mode, is_dump: bool| ModeInfo {
            request: mode.request.id,
            reply: match &mode.reply {
                Some(reply) => Some(reply.id),
                None if is_dump => op.reply_id.or(Some(mode.request.id)),
                None => None,
            },
            asks: self.body(op, Some(&mode.request)),
            answers: self.body(op, mode.reply.as_ref().or(is_dump.then_some(&mode.request))),
            policy: policies.mode(self, op, mode, is_dump),
            // net/netlink/genetlink.c: genl_family_rcv_msg_attrs_parse
            strictness: match if is_dump { op.dont_validate.dump_strict } else { op.dont_validate.strict } {
                true => Strictness::LIBERAL,
                false => Strictness::STRICT,
            },
        };
        let mut flags = OpFlags::NONE;
        if op.flags.admin_perm {
            flags = flags | OpFlags::ADMIN_PERM;
        }
        if op.flags.uns_admin_perm {
            flags = flags | OpFlags::UNS_ADMIN_PERM;
        }
        OpInfo {
            name: text(&op.name),
            flags,
            header: (!std::ptr::eq(own, header)).then_some(own),
            doit: op.doit.as_ref().map(|doit| mode(doit, false)),
            dump: op.dump.as_ref().map(|dump| mode(dump, true)),
            notify: op.event.as_ref().map(|event| NotifyInfo {
                id: event.id,
                body: self.body(op, Some(event)),
                group: match (op.group, groups) {
                    (Some(group), groups) => groups.get(group.index()).copied(),
                    // Few of the kernel's specs say it.
                    (None, [only]) => Some(*only),
                    (None, _) => None,
                },
            }),
        }
    }

    /// The set of a message's attributes; the empty one where it has none and no header either.
    fn body(&self, op: &Operation, message: Option<&spec::Message>) -> &'static Schema {
        let says = message.is_some_and(|message| !message.attributes.is_empty() || op.fixed_header.is_some());
        op.set.filter(|_| says).and_then(|set| self.schemas.get(set.index())?.get()).unwrap_or(&Schema::EMPTY)
    }

    fn merge(&self, op: &Operation) -> Option<MergeInfo> {
        let merge = op.merge.as_ref()?;
        let list_attribute = self.spec[op.set?].attributes.get(merge.attribute)?;
        let inner = match &list_attribute.kind {
            spec::Kind::IndexedArray { element, .. } => match **element {
                spec::Kind::Nest(inner) => inner?,
                _ => return None,
            },
            spec::Kind::Nest(inner) => (*inner)?,
            _ => return None,
        };
        let name = |index: &usize| self.spec[inner].attributes.get(*index).map(|attribute| text(&attribute.name));
        Some(MergeInfo {
            op: text(&op.name),
            list: text(&list_attribute.name),
            key: name(&merge.key)?,
            inner: list(merge.append.iter().filter_map(name).collect()),
        })
    }

    fn attribute(&self, attribute: &Attribute) -> AttrInfo {
        let hint = match (attribute.rust_type, attribute.display) {
            (Some(RustType::IpAddr), _) => Some(Hint::Ipv4OrV6),
            (Some(RustType::SocketAddr), _) => Some(Hint::SocketAddr),
            (Some(RustType::Via), _) => Some(Hint::Via),
            (_, display) => display.map(hint),
        };
        AttrInfo {
            id: attribute.id,
            name: text(&attribute.name),
            kind: match (&attribute.kind, attribute.records) {
                (spec::Kind::Binary { layout: Some(id), .. }, Some(set)) => Kind::Records(leak(Records {
                    header: self.structure(*id),
                    schema: self.nest(Some(set), false).schema,
                })),
                (spec::Kind::Binary { layout: Some(id), .. }, None) if attribute.array => {
                    Kind::Structs(self.structure(*id))
                }
                (spec::Kind::Nest(set), _) if attribute.header.is_some() => {
                    self.headed(attribute.header, *set, attribute.nested_flag)
                }
                (kind, _) => self.kind(kind, attribute.nested_flag),
            },
            multi: attribute.multi,
            secret: attribute.secret,
            hint,
        }
    }

    fn kind(&self, kind: &spec::Kind, flag: bool) -> Kind {
        match kind {
            spec::Kind::Unused => Kind::Unused,
            spec::Kind::Pad => Kind::Pad,
            spec::Kind::Flag => Kind::Flag,
            spec::Kind::Scalar(Scalar { width: Width::Uint, names: None, .. }) => Kind::Uint,
            spec::Kind::Scalar(Scalar { width: Width::Sint, names: None, .. }) => Kind::Sint,
            spec::Kind::Scalar(scalar) => match scalar.names {
                Some(names) => Kind::Enum(int(scalar.width, scalar.order), self.names(names)),
                None => Kind::Int(int(scalar.width, scalar.order)),
            },
            spec::Kind::Bitfield32(names) => Kind::Bitfield32(names.map(|id| self.enumeration(id, true))),
            spec::Kind::String => Kind::String,
            spec::Kind::Binary { layout: Some(id), .. } => Kind::Struct(self.structure(*id)),
            spec::Kind::Binary { element: Some(scalar), .. } => {
                Kind::IntArray(int(scalar.width, scalar.order), scalar.names.map(|names| self.names(names)))
            }
            // Without a set there are bytes, to which the flag belongs where the family wants it.
            spec::Kind::Nest(None) if !flag => Kind::Binary,
            spec::Kind::Nest(set) => Kind::Nest(self.nest(*set, flag)),
            spec::Kind::IndexedArray { element, base } => {
                let (first, step) = match base {
                    IndexBase::FromOne => (1, 1),
                    IndexBase::FromZero => (0, 1),
                    IndexBase::Zero => (0, 0),
                };
                Kind::Array(leak(Array { element: self.kind(element, flag), first, step, flag }))
            }
            spec::Kind::NestTypeValue { names, set } => Kind::TypeValue(leak(TypeValue {
                levels: list(names.iter().map(|name| text(name)).collect()),
                nest: self.nest(*set, flag),
            })),
            spec::Kind::SubMessage { formats, selector, .. } => match self.sub_message(*formats, selector, flag) {
                Some(message) => Kind::SubMessage(message),
                None => Kind::Binary,
            },
            _ => Kind::Binary,
        }
    }

    fn nest(&self, set: Option<SetId>, flag: bool) -> Nest {
        // Some nests of the kernel's specs do not say of which set.
        let cell = set.and_then(|set| self.schemas.get(set.index()));
        Nest { schema: cell.map_or(Link::to(&Schema::EMPTY), Link::late), flag }
    }

    /// A nest with a structure in front.
    fn headed(&self, header: Option<StructId>, set: Option<SetId>, flag: bool) -> Kind {
        let format = Format {
            value: "",
            header: header.map(|id| self.structure(id)),
            schema: Some(self.nest(set, flag).schema),
        };
        Kind::SubMessage(leak(SubMessage { name: "", selector: "", formats: list(vec![format]), flag }))
    }

    /// The formats of a sub-message; one table for each selector that it is used with.
    fn sub_message(&self, id: SubMessageId, selector: &str, flag: bool) -> Option<&'static SubMessage> {
        let cell = self.sub_messages.get(id.index())?;
        let made = cell.get_or_init(|| {
            let message = &self.spec[id];
            let format = |format: &spec::Format| Format {
                value: text(&format.value),
                header: format.fixed_header.map(|id| self.structure(id)),
                schema: format.set.map(|set| self.nest(Some(set), true).schema),
            };
            SubMessage {
                name: text(&message.name),
                selector: text(selector),
                flag,
                formats: list(message.formats.iter().map(format).collect()),
            }
        });
        let same = made.selector == selector && made.flag == flag;
        Some(if same { made } else { leak(SubMessage { selector: text(selector), flag, ..*made }) })
    }

    fn names(&self, names: EnumUse) -> &'static EnumInfo {
        self.enumeration(names.id, names.as_flags)
    }

    /// An enum by values, or, as flags, by bits.
    pub(super) fn enumeration(&self, id: EnumId, as_flags: bool) -> &'static EnumInfo {
        self.enums.borrow_mut().entry((id, as_flags)).or_insert_with(|| {
            let names = &self.spec[id];
            // Negative values are kept as their bits.
            let entry = |entry: &spec::Entry| (names.wire_value(entry, as_flags) as u64, text(&entry.name));
            leak(EnumInfo {
                name: text(&names.name),
                flags: as_flags || names.is_flags,
                entries: list(names.entries.iter().map(entry).collect()),
            })
        })
    }

    fn structure(&self, id: StructId) -> &'static StructInfo {
        if let Some(made) = self.structs.borrow().get(&id) {
            return made;
        }
        let layout = &self.spec[id];
        let member = |member: &spec::Member| Member {
            name: text(&member.name),
            offset: member.offset as usize,
            len: member.len as usize,
            kind: match member.kind {
                spec::MemberKind::Scalar { width, order, names } => {
                    MemberKind::Int(int(width, order), names.map(|names| self.names(names)))
                }
                spec::MemberKind::String => MemberKind::String,
                spec::MemberKind::Struct(inner) => MemberKind::Struct(self.structure(inner)),
                spec::MemberKind::Pad => MemberKind::Pad,
                _ => MemberKind::Binary,
            },
            hint: member.display.map(hint),
        };
        let made = leak(StructInfo {
            name: text(&layout.name),
            members: list(layout.members.iter().map(member).collect()),
            size: layout.size as usize,
        });
        self.structs.borrow_mut().entry(id).or_insert(made)
    }
}

/// All attributes of a family, by set and name.
fn attributes(info: &'static FamilyInfo) -> HashMap<(&'static str, &'static str), &'static AttrInfo> {
    let modes = info.ops.iter().flat_map(|op| op.doit.into_iter().chain(op.dump));
    let mut sets: Vec<&'static Schema> = modes.flat_map(|mode| [mode.asks, mode.answers]).collect();
    sets.extend(info.ops.iter().filter_map(|op| Some(op.notify?.body)));
    let mut attributes = HashMap::new();
    crate::secrets::each(sets, |schema, attr| {
        attributes.insert((schema.name, attr.name), attr);
    });
    attributes
}

fn int(width: Width, order: ByteOrder) -> Int {
    let bytes = width.bytes().map_or(0, |bytes| bytes as u8);
    Int {
        bytes,
        signed: width.is_signed(),
        big_endian: order == ByteOrder::Big,
        little_endian: order == ByteOrder::Little,
    }
}

fn hint(display: DisplayHint) -> Hint {
    match display {
        DisplayHint::Hex => Hint::Hex,
        DisplayHint::Mac => Hint::Mac,
        DisplayHint::Fddi => Hint::Fddi,
        DisplayHint::Ipv4 => Hint::Ipv4,
        DisplayHint::Ipv6 => Hint::Ipv6,
        DisplayHint::Ipv4OrV6 => Hint::Ipv4OrV6,
        DisplayHint::Uuid => Hint::Uuid,
    }
}

pub(super) fn cells<T: Sync + Send>(count: usize) -> &'static [OnceLock<T>] {
    list((0..count).map(|_| OnceLock::new()).collect())
}

pub(super) fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

pub(super) fn list<T>(values: Vec<T>) -> &'static [T] {
    Vec::leak(values)
}

fn text(text: &str) -> &'static str {
    String::leak(text.to_owned())
}
