//! A few words an op.

/// Defines op markers: what can be done, dumped or notified, with numbers, types and policies.
///
/// `pub op Name: Family, "name" under Header [FLAG | …] { do 1 (Request) -> 2 Reply, &POLICY, LEVEL; dump …; notify 3 Body, GROUP; }`,
/// each part where the op has it. `event 3 Body;` in place of `notify` is one that goes to a single port, or whose group
/// is not known. `under Header` is said by ops whose header is not the family's. The flags are [`OpFlags`](crate::OpFlags)'; a `do` without a reply leaves `-> 2 Reply` out; the level is one of [`Strictness`](crate::Strictness)', `STRICT` unless said. The op as data is
/// `Name::INFO`.
#[macro_export]
macro_rules! ops {
    ($(
        $(#[$meta:meta])*
        $vis:vis op $name:ident: $family:ty, $word:literal $(under $header:ty)? $([$($flag:ident)|+])? {
            $(do $do_id:literal ($asks:ty) $(-> $done_id:literal $answers:ty)?, $do_policy:expr $(, $do_level:ident)?;)?
            $(dump $dump_id:literal ($wants:ty) -> $object_id:literal $object:ty, $dump_policy:expr
                $(, $dump_level:ident)?;)?
            $(notify $event_id:literal $event:ty, $group:expr;)?
            $(event $told_id:literal $told:ty;)?
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        $vis struct $name;

        #[allow(dead_code, clippy::allow_attributes)]
        impl $name {
            /// The op as data.
            pub const INFO: $crate::OpInfo = $crate::OpInfo {
                name: $word,
                flags: $crate::OpFlags::NONE$($(.union($crate::OpFlags::$flag))+)?,
                header: $crate::__op_header_info!($($header)?),
                doit: $crate::__mode!($($do_id ($asks) ($($done_id $answers)?) $do_policy, $($do_level)?)?),
                dump: $crate::__mode!(
                    $($dump_id ($wants) ($object_id $object) $dump_policy, $($dump_level)?)?
                ),
                notify: $crate::__notify!($($event_id $event, $group)? $($told_id $told)?),
            };
        }

        impl $crate::Op for $name {
            type Family = $family;
            type Header = $crate::__op_header!($family $(, $header)?);
            const NAME: &'static str = $word;
        }
        $crate::__messages! {
            $name
            $(do $do_id ($asks) ($($done_id $answers)?) $do_policy;)?
            $(dump $dump_id ($wants) $object_id ($object) $dump_policy;)?
            $(notify $event_id ($event) $group;)?
            $(event $told_id ($told);)?
        }
    )*};
}

/// Without `alloc` there are no messages to own: an op is its numbers.
#[cfg(not(feature = "alloc"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __messages {
    ($($op:tt)*) => {};
}

#[cfg(feature = "alloc")]
#[doc(hidden)]
#[macro_export]
macro_rules! __messages {
    (
        $name:ident
        $(do $do_id:literal ($asks:ty) ($($done_id:literal $answers:ty)?) $do_policy:expr;)?
        $(dump $dump_id:literal ($wants:ty) $object_id:literal ($object:ty) $dump_policy:expr;)?
        $(notify $event_id:literal ($event:ty) $group:expr;)?
        $(event $told_id:literal ($told:ty);)?
    ) => {
        $(impl $crate::Do for $name {
            type Request = $asks;
            type Reply = $crate::__reply!($($answers)?);
            const REQUEST: u16 = $do_id;
            const REPLY: Option<u16> = $crate::__reply_id!($($done_id)?);
            const POLICY: &'static $crate::Policy = $do_policy;
        })?
        $(impl $crate::Dump for $name {
            type Request = $wants;
            type Reply = $object;
            const REQUEST: u16 = $dump_id;
            const REPLY: u16 = $object_id;
            const POLICY: &'static $crate::Policy = $dump_policy;
        })?
        $(impl $crate::Event for $name {
            type Body = $event;
            const ID: u16 = $event_id;
        }
        impl $crate::Notify for $name {
            const GROUP: $crate::Group = $group;
        })?
        $(impl $crate::Event for $name {
            type Body = $told;
            const ID: u16 = $told_id;
        })?
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __op_header {
    ($family:ty) => {
        <$family as $crate::Family>::Header
    };
    ($family:ty, $header:ty) => {
        $header
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __op_header_info {
    () => {
        None
    };
    ($header:ty) => {
        Some(<$header as $crate::FixedHeader>::INFO)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __mode {
    () => {
        None
    };
    ($id:literal ($asks:ty) ($($reply_id:literal $answers:ty)?) $policy:expr, $($level:ident)?) => {
        Some($crate::ModeInfo {
            request: $id,
            reply: $crate::__reply_id!($($reply_id)?),
            asks: <$asks as $crate::AttributeSet>::SCHEMA,
            answers: <$crate::__reply!($($answers)?) as $crate::AttributeSet>::SCHEMA,
            policy: $policy,
            strictness: $crate::__level!($($level)?),
        })
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __notify {
    () => {
        None
    };
    ($id:literal $body:ty, $group:expr) => {
        Some($crate::NotifyInfo { id: $id, body: <$body as $crate::AttributeSet>::SCHEMA, group: Some($group) })
    };
    ($id:literal $body:ty) => {
        Some($crate::NotifyInfo { id: $id, body: <$body as $crate::AttributeSet>::SCHEMA, group: None })
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __level {
    () => {
        $crate::Strictness::STRICT
    };
    ($level:ident) => {
        $crate::Strictness::$level
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __reply {
    () => {
        ()
    };
    ($answers:ty) => {
        $answers
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __reply_id {
    () => {
        None
    };
    ($id:literal) => {
        Some($id)
    };
}
