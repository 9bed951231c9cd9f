// The cases of every shell.

case! {
    fn what_is_told_adds_up_whatever_goes_wrong(nl, world) {
        for seed in 1..=8 {
            let mut random = Random::new(seed);
            let mut table = wait!(nl.watch(Messages)).unwrap();
            let mut mirror = Mirror::default();
            for _ in 0..150 {
                world.act(&mut random);
                for _ in 0..random.below(4) {
                    // Given up at any point, it goes on from there.
                    match soon!(table, Duration::from_micros(random.below(300).into())) {
                        Some(Ok(change)) => mirror.take(&change, seed),
                        Some(Err(error)) => assert!(may_happen(&error), "seed {seed}: {error}"),
                        None => break,
                    }
                }
                if random.below(60) == 0 {
                    match wait!(table.verify()) {
                        // What events told before is told later, behind what was found: only both together add up.
                        Ok(_) => {
                            while let Some(item) = soon!(table, Duration::from_millis(20)) {
                                assert!(item.as_ref().map_or_else(may_happen, |_| true), "seed {seed}: {item:?}");
                            }
                            mirror = Mirror::of(table.iter().map(|msg| &**msg));
                        }
                        Err(error) => assert!(may_happen(&error), "seed {seed}: {error}"),
                    }
                }
            }
            world.kernel.faults().clear();
            let patience = Instant::now() + PATIENCE;
            loop {
                match soon!(table, Duration::from_millis(50)) {
                    Some(Ok(change)) => mirror.take(&change, seed),
                    Some(Err(error)) => assert!(may_happen(&error), "seed {seed}: {error}"),
                    None => {
                        let is_true = Mirror::of(table.iter().map(|msg| &**msg)).0 == world.state();
                        if table.is_synced() && is_true || Instant::now() > patience {
                            break;
                        }
                    }
                }
            }
            assert!(table.is_synced(), "seed {seed}");
            let has: BTreeMap<_, _> = table.iter().map(|msg| (msg.index.unwrap(), msg.msg.clone().unwrap())).collect();
            assert_eq!(has, world.state(), "seed {seed}: the table is not true");
            assert_eq!(mirror.0, has, "seed {seed}: what was told does not add up");
            assert_eq!(table.len(), has.len(), "seed {seed}");
            assert!(wait!(table.verify()).unwrap().is_empty(), "seed {seed}");
        }
    }
}

case! {
    fn a_resync_tells_what_differs_and_no_more(nl, world) {
        (0..1000).for_each(|n| world.set(n, "there"));
        let mut table = wait!(nl.watch(Messages)).unwrap();
        while !matches!(wait!(table.next()).unwrap().unwrap(), Change::Synced) {}
        world.kernel.faults().overrun();
        world.set(5, "changed");
        world.remove(6);
        world.set(2000, "new");
        let mut lines = Vec::new();
        while lines.last().is_none_or(|last| last != "synced") {
            lines.push(match wait!(table.next()).unwrap().unwrap() {
                Change::Added(msg) => format!("+ {}", msg.index.unwrap()),
                Change::Removed(msg) => format!("- {}", msg.index.unwrap()),
                Change::Changed { old, new } => format!("{} -> {}", old.msg.as_ref().unwrap(), new.msg.as_ref().unwrap()),
                Change::Lost(why) => format!("lost {}", why.is_overrun()),
                Change::Synced => "synced".to_owned(),
                other => panic!("{other:?}"),
            });
        }
        assert!(soon!(table, Duration::from_millis(50)).is_none());
        let last = lines.pop();
        lines[1..].sort();
        assert_eq!((lines, last.as_deref()), (vec!["lost true".into(), "+ 2000".into(), "- 6".into(), "there -> changed".into()], Some("synced")));
    }
}

case! {
    fn a_dump_that_has_passed_over_some_is_read_again(nl, world) {
        world.dump_by_position();
        (0..2000).for_each(|n| world.set(n, "there"));
        let mut table = wait!(nl.watch(Passing::new(&world))).unwrap();
        while !matches!(wait!(table.next()).unwrap().unwrap(), Change::Synced) {}
        let has: Vec<_> = table.iter().map(|msg| msg.index.unwrap()).collect();
        assert_eq!(has, (40..2000).collect::<Vec<_>>());
        assert!(wait!(table.verify()).unwrap().is_empty());
    }
}

case! {
    fn what_keeps_being_torn_is_told_and_read_until_it_is_whole(nl, world) {
        (0..20).for_each(|n| world.set(n, "there"));
        world.kernel.faults().interrupt_dumps(25);
        let mut table = wait!(nl.watch(Messages)).unwrap();
        let mut lost = 0;
        loop {
            match wait!(table.next()).unwrap().unwrap() {
                Change::Synced => break,
                Change::Lost(why) => {
                    assert!(why.is_interrupted() && why.to_string().contains("10 times"), "{why}");
                    lost += 1;
                }
                _ => {}
            }
        }
        assert_eq!((lost, table.len()), (2, 20));
        // Who waits for a verification is not kept for ever.
        world.kernel.faults().interrupt_dumps(10);
        assert!(wait!(table.verify()).unwrap_err().is_interrupted());
        world.kernel.faults().clear();
        assert!(wait!(table.verify()).unwrap().is_empty());
    }
}

case! {
    fn links_are_true_whatever_is_lost_or_torn_at_whatever_point(nl, world) {
        let links = world.links();
        for n in 0..40 {
            links.create("dummy", &format!("d{n}")).unwrap();
        }
        let mut table = wait!(nl.watch(Links)).unwrap();
        for point in 0..12_u32 {
            world.kernel.faults().after(point % 3).overrun();
            world.kernel.faults().after(point).interrupt_dumps(1);
            if point % 4 == 3 {
                world.kernel.faults().after(point % 5).truncate();
            }
            let name = format!("n{point}");
            let new = links.create("dummy", &name).unwrap();
            links.set_up(new.index, true).unwrap();
            links.rename(links.by_name(&format!("d{point}")).unwrap().index, &format!("r{point}")).unwrap();
            links.remove(links.by_name(&format!("d{}", 39 - point)).unwrap().index).unwrap();
            if point % 2 == 0 {
                links.remove(new.index).unwrap();
            }
            while let Some(item) = soon!(table, Duration::from_millis(30)) {
                assert!(item.as_ref().map_or_else(may_happen, |_| true), "{point}: {item:?}");
            }
            world.kernel.faults().clear();
            let is: BTreeMap<_, _> = links.all().into_iter().map(|link| (link.index, link.name)).collect();
            let patience = Instant::now() + PATIENCE;
            let has = loop {
                while let Some(item) = soon!(table, Duration::from_millis(30)) {
                    assert!(item.as_ref().map_or_else(may_happen, |_| true), "{point}: {item:?}");
                }
                let has: BTreeMap<_, _> = table.iter().map(|link| (link.header.ifi_index as u32, link.ifname.clone().unwrap())).collect();
                if table.is_synced() && has == is || Instant::now() > patience {
                    break has;
                }
            };
            assert_eq!(has, is, "after faults at {point}");
            assert!(wait!(table.verify()).unwrap().is_empty(), "after faults at {point}");
        }
    }
}

case! {
    fn a_table_that_cannot_be_is_refused_at_once(nl, world) {
        world.kernel.unregister(&world.registered).unwrap();
        assert!(wait!(nl.watch(Messages)).map(drop).unwrap_err().is_not_found());
    }
}
