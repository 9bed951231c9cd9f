// Each fault at each point of all that a client does: the outcome is right or says what went wrong, and the connection is of
// use at once.

matrix! {
    fn whatever_goes_wrong_wherever_ends_right(side, open, kernel) {
        let mut struck = Vec::new();
        for (act, fault) in Act::ALL.into_iter().flat_map(|act| Fault::ALL.map(|fault| (act, fault))) {
            let mut point = 0;
            loop {
                let at = format!("{side}: {act:?}, {fault:?} at {point}");
                assert!(point < 64, "{at}: no end to it");
                let nl = open(fault.timeout());
                fault.put(kernel, point);
                let asked = text("asked");
                let mut failures = Vec::new();
                let outcome: Result<()> = attempt!({
                    match act {
                        Act::Reply => assert_eq!(wait!(nl.call(Echo, &asked))?, asked, "{at}"),
                        Act::Ack => {
                            let answer = wait!(nl.request(Echo, &asked).ack().send())?;
                            // That a reply was lost without a word nobody can know.
                            let replies = if fault == Fault::Lost { answer.replies.len() } else { 1 };
                            assert_eq!(answer.replies, vec![asked; replies], "{at}");
                        }
                        Act::Echo => {
                            let answer = wait!(nl.request(Say, &text(0)).echo().send())?;
                            let replies = if fault == Fault::Lost { answer.replies.len() } else { 2 };
                            assert_eq!(answer.replies, vec![text(0); replies], "{at}");
                        }
                        Act::Raw => {
                            let family = wait!(nl.family("DOC_EXMPL"))?;
                            let ask = nl.request_raw(family.id).cmd(1).version(1).attr(1, b"asked\0");
                            let answer = wait!(ask.send())?;
                            let replies = if fault == Fault::Lost { answer.replies.len() } else { 1 };
                            assert!(replies < 2 && answer.replies.len() == replies, "{at}: {answer:?}");
                        }
                        Act::Batch => {
                            let mut batch = nl.batch().per_send(3);
                            let mut tickets = Vec::new();
                            for n in 0..5 {
                                tickets.push(wait!(batch.push(nl.request(Echo, &text(n))))?);
                            }
                            let outcomes = wait!(batch.send())?;
                            // Of those that are done the right ones came back; of the others why not, by index.
                            for (n, ticket) in tickets.into_iter().enumerate() {
                                match outcomes.reply(ticket) {
                                    Ok(reply) => assert_eq!(reply, text(n), "{at}"),
                                    Err(error) => {
                                        assert!(fault.explains(act, &error), "{at}: {n}: {error}");
                                        assert_eq!(error.index(), Some(n), "{at}: {error}");
                                        failures.push((n, outcomes.result(n).is_ok()));
                                    }
                                }
                            }
                            outcomes.all()?;
                        }
                        Act::Dump => {
                            let mut dump = wait!(nl.dump(List, &()))?;
                            let mut told = 0;
                            while let Some(object) = wait!(dump.next()) {
                                assert_eq!(object?.index, Some(told), "{at}");
                                told += 1;
                            }
                            assert_eq!(told as usize, LISTED, "{at}");
                        }
                        Act::Consistent => {
                            let dump = wait!(nl.dump(List, &()))?;
                            let all = wait!(dump.consistent(1))?.whole()?;
                            assert!(all.into_iter().map(|object| object.index).eq((0..LISTED as u32).map(Some)), "{at}");
                        }
                        Act::Subscription => {
                            let mut events = wait!(nl.subscribe(&[DOC_EXMPL_GRP]))?;
                            let said = ["one", "two", "three"];
                            for said in said {
                                kernel.notify(Said, &text(said));
                            }
                            let mut failed = Ok(());
                            for expected in said {
                                match wait!(events.next()).expect(&at) {
                                    // What was lost is told before what was not.
                                    Ok(event) if failed.is_ok() => {
                                        assert_eq!(event.get(Said), Some(text(expected)), "{at}");
                                    }
                                    Ok(_) => {}
                                    Err(error) => {
                                        assert!(failed.is_ok(), "{at}: {error}");
                                        failed = Err(error);
                                    }
                                }
                            }
                            loop {
                                kernel.notify(Said, &text("after"));
                                match wait!(events.next()).expect(&at) {
                                    Ok(event) if event.get(Said) == Some(text("after")) => break,
                                    Ok(event) => panic!("{at}: {event:?}"),
                                    Err(error) => {
                                        assert!(failed.is_ok(), "{at}: {error}");
                                        failed = Err(error);
                                    }
                                }
                            }
                            failed?;
                        }
                        Act::Watch => {
                            let mut follow = wait!(nl.follow(List, &(), &[DOC_EXMPL_GRP]))?;
                            let mut failed = Ok(());
                            for said in ["one", "two"] {
                                let mut told = 0;
                                loop {
                                    match wait!(follow.next()).expect(&at) {
                                        Ok(Followed::State(_)) => told += 1,
                                        Ok(Followed::Synced) => break,
                                        Ok(Followed::Resync(_)) => told = 0,
                                        Ok(other) => panic!("{at}: {other:?}"),
                                        Err(error) => (told, failed) = (0, Err(error)),
                                    }
                                }
                                assert_eq!(told, LISTED, "{at}");
                                kernel.notify(Said, &text(said));
                                match wait!(follow.next()).expect(&at).expect(&at) {
                                    Followed::Event(event) => {
                                        assert_eq!(event.get(Said), Some(text(said)), "{at}");
                                        break;
                                    }
                                    Followed::Resync(error) => assert!(fault.explains(act, &error), "{at}: {error}"),
                                    other => panic!("{at}: {other:?}"),
                                }
                            }
                            failed?;
                        }
                    }
                    Ok(())
                });
                let over = kernel.faults().is_any_pending();
                kernel.faults().clear();
                if over && fault == Fault::Lost && outcome.as_ref().is_err_and(|error| error.is_timeout()) {
                    // The machine was slower than its patience.
                    continue;
                }
                assert!(failures.is_empty() || !over, "{at}: {failures:?}");
                if let Err(error) = &outcome {
                    assert!(fault.explains(act, error) && !over, "{at}: {error}");
                }
                let answer = loop {
                    match wait!(nl.request(Echo, &text("after")).timeout(Fault::Noop.timeout()).reply()) {
                        Err(error) if fault == Fault::Lost && error.is_timeout() => {}
                        answer => break answer,
                    }
                };
                assert_eq!(answer.expect(&at), text("after"), "{at}");
                if fault != Fault::Lost {
                    let mut dump = wait!(nl.dump(List, &())).expect(&at);
                    assert_eq!(wait!(dump.next()).expect(&at).expect(&at).index, Some(0), "{at}");
                }
                if over {
                    struck.push((act, fault, point));
                    break;
                }
                point += 1;
            }
        }
        // Each struck where it can.
        let points = |act, fault| struck.iter().find(|(a, f, _)| (*a, *f) == (act, fault)).map(|(_, _, points)| *points);
        assert!(points(Act::Dump, Fault::Overrun) >= Some(4), "{side}: {struck:?}");
        assert!(points(Act::Echo, Fault::Lost) >= Some(4), "{side}: {struck:?}");
        assert!(points(Act::Subscription, Fault::OverrunEvent) >= Some(3), "{side}: {struck:?}");
    }
}
