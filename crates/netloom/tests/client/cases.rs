// The cases of every shell: `case!` runs one over each kernel side, `wait!` waits in the way of the shell.

case! {
    fn a_call_returns_the_typed_reply(side, nl) {
        let reply = wait!(nl.call(Getfamily, &nlctrl())).unwrap();
        let ids: Vec<_> = reply.ops.iter().filter_map(|op| op.id).collect();
        assert_eq!((reply.family_id, reply.version, ids), (Some(16), Some(2), vec![3, 10]), "{side}");
        assert_eq!(nl.strays(), StrayCount::default(), "{side}");

        // With an acknowledgement the same, and nothing is left over for the next call.
        let answer = wait!(nl.request(Getfamily, &nlctrl()).ack().send()).unwrap();
        assert_eq!((answer.replies, answer.warning), (vec![reply.clone()], None), "{side}");
        assert_eq!(wait!(nl.call(Getfamily, &nlctrl())).unwrap(), reply, "{side}");
        assert_eq!(nl.strays(), StrayCount::default(), "{side}");
    }
}

case! {
    fn what_is_asked_may_be_written_in_place(side, nl) {
        let owned = wait!(nl.call(Getfamily, &nlctrl())).unwrap();
        let ask = ((), [CtrlAttr::FamilyName("nlctrl")]);
        assert_eq!(wait!(nl.call(Getfamily, &ask)).unwrap(), owned, "{side}");
        let answer = wait!(nl.request(Getfamily, &ask).ack().send()).unwrap();
        assert_eq!(answer.replies, vec![owned.clone()], "{side}");
        let id = nl.request(Getfamily, &ask);
        assert_eq!(wait!(id.reply_ref(|family| family.attrs().get(CtrlAttrs::FAMILY_ID))).unwrap(), Some(16), "{side}");

        // The kernel side's refusals point at the attribute, ours as well.
        let error = wait!(nl.call(Getfamily, &((), CtrlAttr::FamilyName("a name far too long")))).unwrap_err();
        assert_eq!((error.path(), error.offset()), (Some("family-name"), Some(20)), "{side}: {error}");
        let long = "x".repeat(70_000);
        let error = wait!(nl.call(Getfamily, &((), [CtrlAttr::FamilyName(&long)]))).unwrap_err();
        assert!(error.to_string().contains("family-name is longer"), "{side}: {error}");

        // Owned and lent ones in one batch, one of them longer than its first room.
        let (mut batch, name) = (nl.batch(), CtrlAttr::FamilyName("nlctrl"));
        let first = wait!(batch.push(nl.request(Getfamily, &ask))).unwrap();
        wait!(batch.push(nl.request(Getfamily, &nlctrl()))).unwrap();
        let error = wait!(batch.push(nl.request(Getfamily, &((), CtrlAttr::FamilyName(&long))))).unwrap_err();
        assert!(error.to_string().contains("family-name is longer"), "{side}: {error}");
        let many = vec![name.clone(); 2_000];
        let last = wait!(batch.push(nl.request(Getfamily, &((), many)))).unwrap();
        let outcomes = wait!(batch.send()).unwrap();
        assert_eq!(outcomes.failures().count(), 0, "{side}");
        assert_eq!(outcomes.reply(first).unwrap(), owned, "{side}");
        assert_eq!(outcomes.reply(last).unwrap(), owned, "{side}");
        assert_eq!(nl.strays(), StrayCount::default(), "{side}");
    }
}

case! {
    fn refusals_say_what_and_where(side, nl) {
        let error = wait!(nl.call(Getfamily, &CtrlAttrs::new().family_name("NO_SUCH"))).unwrap_err();
        assert_eq!(error.to_string(), "nlctrl getfamily: ENOENT: no such file or directory", "{side}");
        assert!(error.is_not_found() && error.is_refused(), "{side}");

        let error = wait!(nl.call(Getfamily, &CtrlAttrs::new().family_name("a name far too long"))).unwrap_err();
        assert_eq!(error.path(), Some("family-name"), "{side}: {error}");
        assert_eq!(error.offset(), Some(20), "{side}: {error}");
        assert_eq!(
            error.to_string(),
            "nlctrl getfamily: EINVAL: family-name: Attribute failed policy validation (at most 15)",
            "{side}"
        );
        let policy = Attrs::<PolicyAttrs>::new(error.policy().unwrap().bytes());
        assert_eq!(policy.get(PolicyAttrs::MAX_LENGTH), Some(15), "{side}");

        // In the middle of a dump's start: an op that nlctrl does not have.
        let error = wait!(nl.dump(Getpolicy, &nlctrl().op(77_u32))).map(drop).unwrap_err();
        assert_eq!((error.errno(), error.path()), (Some(Errno::ENOENT), Some("op")), "{side}: {error}");

        let error = wait!(nl.call(Getfamily, &CtrlAttrs::new())).unwrap_err();
        assert_eq!(error.to_string(), "nlctrl getfamily: EINVAL: invalid argument", "{side}");

        let raw = nl.request_raw(16).named("nlctrl", "getpolicy").cmd(10).version(1).attr(1, b"x");
        let error = wait!(raw.clone().dump()).map(drop).unwrap_err();
        assert_eq!(error.path(), Some("attribute 1"), "{side}: {error}");
        let named = raw.schema(INFO.op("getpolicy").unwrap().dump.unwrap().asks);
        let error = wait!(named.dump()).map(drop).unwrap_err();
        assert_eq!(error.path(), Some("family-id"), "{side}: {error}");

        let error = wait!(nl.request_raw(16).cmd(99).send()).unwrap_err();
        assert!(error.is_unsupported(), "{side}: {error}");
    }
}

case! {
    fn a_request_that_makes_no_sense_is_not_sent(side, nl) {
        let error = wait!(nl.request(Getfamily, &nlctrl()).replace().excl().send()).unwrap_err();
        assert!(error.to_string().contains("DUMP") && error.errno().is_none(), "{side}: {error}");
        let error = wait!(nl.request_raw(16).cmd(3).attr(2, &[b'x'; 70_000]).send()).unwrap_err();
        assert!(error.to_string().contains("65,535") && error.errno().is_none(), "{side}: {error}");
        let long = CtrlAttrs::new().family_name("x".repeat(70_000));
        let error = wait!(nl.call(Getfamily, &long)).unwrap_err();
        assert!(error.to_string().contains("family-name is longer"), "{side}: {error}");
        let groups = [
            Group { family: "a", name: "b", protocol: Protocol::GENERIC, number: None },
            Group { family: "c", name: "d", protocol: Protocol::ROUTE, number: Some(1) },
        ];
        assert!(wait!(nl.subscribe(&groups)).is_err() && wait!(nl.subscribe(&[])).is_err(), "{side}");
        // None of it has disturbed the socket.
        wait!(nl.call(Getfamily, &nlctrl())).unwrap();
    }
}

case! {
    fn families_and_groups_are_found_by_name(side, nl) {
        let family = wait!(nl.family("nlctrl")).unwrap();
        assert_eq!((family.id, family.group("notify")), (16, Some(16)), "{side}");
        let error = wait!(nl.family("NO_SUCH")).unwrap_err();
        assert!(error.is_not_found() && error.to_string().contains("no family NO_SUCH"), "{side}: {error}");
        for name in ["", "sixteen letters!", "a\0b"] {
            assert!(wait!(nl.family(name)).is_err(), "{side}: {name}");
        }
        let group = Group { family: "nlctrl", name: "no_such", protocol: Protocol::GENERIC, number: None };
        let error = wait!(nl.subscribe(&[group])).unwrap_err();
        let text = "subscribe: family nlctrl has no group no_such; `netloom list nlctrl` shows those it has";
        assert_eq!(error.to_string(), text, "{side}");
    }
}

case! {
    fn calls_work_inside_a_dumps_loop(side, nl) {
        let mut seen = 0;
        let mut dump = wait!(nl.dump(Getfamily, &())).unwrap();
        while let Some(family) = wait!(dump.next()) {
            let family = family.unwrap();
            let asked = CtrlAttrs::new().family_name(family.family_name.clone().unwrap());
            assert_eq!(wait!(nl.call(Getfamily, &asked)).unwrap(), family, "{side}");
            seen += 1;
        }
        assert!(seen > 0 && wait!(dump.next()).is_none(), "{side}");
    }
}

case! {
    fn the_ways_to_read_a_dump_agree(side, nl) {
        let mut owned = BTreeSet::new();
        let mut dump = wait!(nl.dump(Getfamily, &())).unwrap();
        while let Some(family) = wait!(dump.next()) {
            owned.insert(family.unwrap().family_name.unwrap());
        }
        let mut dump = wait!(nl.dump(Getfamily, &())).unwrap();
        let (mut keyed, mut walked) = (BTreeSet::new(), BTreeSet::new());
        while let Some(object) = wait!(dump.next_ref()) {
            let attrs = object.unwrap().attrs();
            keyed.extend(attrs.get(CtrlAttrs::FAMILY_NAME).map(str::to_owned));
            for attr in attrs {
                if let CtrlAttr::FamilyName(name) = attr {
                    walked.insert(name.to_owned());
                }
            }
        }
        assert!(owned.contains("nlctrl") && wait!(dump.next()).is_none(), "{side}");
        assert_eq!((&keyed, &walked), (&owned, &owned), "{side}");
        let whole = wait!(wait!(nl.dump(Getfamily, &())).unwrap().consistent(3)).unwrap().whole().unwrap();
        assert_eq!(whole.len(), owned.len(), "{side}");
        // One over the other, nothing of the one before is left.
        let (mut place, mut over) = (CtrlAttrs::new(), Vec::new());
        let mut dump = wait!(nl.dump(Getfamily, &())).unwrap();
        while let Some(read) = wait!(dump.next_into(&mut place)) {
            read.unwrap();
            over.push(place.clone());
        }
        assert_eq!(over, whole, "{side}");
        let mut raw = wait!(nl.request_raw(16).cmd(3).version(2).dump()).unwrap();
        let mut count = 0;
        while let Some(message) = wait!(raw.next_ref()) {
            assert_eq!(message.unwrap().header.kind.0, 16);
            count += 1;
        }
        assert_eq!(count, owned.len(), "{side}");
    }
}

case! {
    fn a_dump_left_half_way_disturbs_nobody(side, nl) {
        for _ in 0..20 {
            let mut dump = wait!(nl.dump(Getpolicy, &nlctrl())).unwrap();
            assert!(wait!(dump.next()).unwrap().is_ok(), "{side}");
            drop(dump);
            wait!(nl.call(Getfamily, &nlctrl())).unwrap();
            let mut dump = wait!(nl.dump(Getpolicy, &nlctrl())).unwrap();
            while let Some(message) = wait!(dump.next()) {
                message.unwrap();
            }
        }
    }
}

case! {
    fn ten_thousand_dumps_left_half_way_leave_no_descriptor(side, nl) {
        if side != &"Linux" {
            continue;
        }
        let open = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        let before = open();
        for _ in 0..10_000 {
            let mut dump = wait!(nl.dump(Getpolicy, &nlctrl())).unwrap();
            assert!(wait!(dump.next()).unwrap().is_ok());
        }
        // The tests beside this one have a few.
        assert!(open() < before + 2_000, "{before} descriptors before, {} after", open());
        let whole = wait!(wait!(nl.dump(Getpolicy, &nlctrl())).unwrap().consistent(0)).unwrap().whole().unwrap();
        assert!(whole.len() > 3);
    }
}

case! {
    fn dumps_run_side_by_side(side, nl) {
        let whole = wait!(wait!(nl.dump(Getpolicy, &nlctrl())).unwrap().consistent(1)).unwrap().whole().unwrap().len();
        let mut running = Vec::new();
        for _ in 0..10 {
            running.push(wait!(nl.dump(Getpolicy, &nlctrl())).unwrap());
        }
        let mut counts = vec![0; running.len()];
        loop {
            let before = counts.clone();
            for (dump, count) in running.iter_mut().zip(&mut counts) {
                if let Some(message) = wait!(dump.next()) {
                    message.unwrap();
                    *count += 1;
                }
            }
            if counts == before {
                break;
            }
        }
        assert!(whole > 3 && counts.iter().all(|count| *count == whole), "{side}: {counts:?}");
    }
}

case! {
    fn a_crowd_shares_a_connection(side, nl) {
        crowd!(8, nl, {
            for turn in 0..100 {
                let reply = wait!(nl.call(Getfamily, &nlctrl())).unwrap();
                assert_eq!(reply.family_id, Some(16));
                if turn % 10 == 0 {
                    let mut dump = wait!(nl.dump(Getfamily, &())).unwrap();
                    while let Some(family) = wait!(dump.next()) {
                        family.unwrap();
                    }
                    let unknown = CtrlAttrs::new().family_name("NO_SUCH");
                    assert!(wait!(nl.call(Getfamily, &unknown)).unwrap_err().is_not_found());
                }
            }
        });
        assert_eq!(nl.strays(), StrayCount::default(), "{side}");
    }
}

case! {
    fn events_are_heard_and_a_follow_begins_with_the_state(side, nl) {
        let mut events = wait!(nl.subscribe(&[NOTIFY])).unwrap();
        assert!(events.try_next().is_none(), "{side}");
        let mut follow = wait!(nl.follow(Getfamily, &(), &[NOTIFY])).unwrap();
        let mut seen = 0;
        loop {
            match wait!(follow.next()).unwrap().unwrap() {
                Followed::State(family) => seen += usize::from(family.family_id == Some(16)),
                Followed::Synced => break,
                other => panic!("{side}: {other:?}"),
            }
        }
        assert!(seen == 1 && follow.is_synced(), "{side}");
    }
}

case! {
    fn a_connection_is_split(side, nl) {
        let (nl, heard) = nl.clone().split().unwrap();
        nl.join(16).unwrap();
        wait!(nl.call(Getfamily, &nlctrl())).unwrap();
        nl.leave(16).unwrap();
        drop(heard);
        wait!(nl.call(Getfamily, &nlctrl())).unwrap();
        assert_eq!(nl.strays(), StrayCount::default(), "{side}");
    }
}
