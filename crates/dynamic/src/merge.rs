//! Objects that a family splits over the messages of a dump, put together again.

use netloom_wire::MergeInfo;
use serde_json::{Map, Value};

/// Puts the objects of one dump together as `info` says: elements of the list that agree in their key are one, their
/// inner lists in a row, and all messages about one object become one object.
///
/// A message goes on with the object before it if it says nothing new about it: all that it holds beside the list the
/// object has already, with the same value. Kernels send continuations either way, with nothing but the list or with
/// everything repeated (drivers/net/wireguard/netlink.c: wg_get_device_dump).
///
/// ```
/// use netloom_dynamic::merge;
/// use serde_json::json;
/// let info = netloom_wire::MergeInfo { op: "get-device", list: "peers", key: "public-key", inner: &["allowedips"] };
/// let fragments = vec![
///     json!({"ifname": "wg0", "peers": [{"public-key": "aa", "rx-bytes": 1, "allowedips": [1, 2]}]}),
///     json!({"peers": [{"public-key": "aa", "allowedips": [3]}, {"public-key": "bb"}]}),
/// ];
/// let whole = json!({"ifname": "wg0", "peers": [
///     {"public-key": "aa", "rx-bytes": 1, "allowedips": [1, 2, 3]},
///     {"public-key": "bb"},
/// ]});
/// assert_eq!(merge(&info, fragments), [whole]);
/// ```
pub fn merge(info: &MergeInfo, fragments: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut whole: Vec<Value> = Vec::new();
    for fragment in fragments {
        match (whole.last_mut(), fragment) {
            (Some(Value::Object(object)), Value::Object(more)) if continues(info, object, &more) => {
                append(info, object, more);
            }
            (_, fragment) => whole.push(fragment),
        }
    }
    whole
}

fn continues(info: &MergeInfo, object: &Map<String, Value>, more: &Map<String, Value>) -> bool {
    let mut rest = more.iter().filter(|(key, _)| *key != info.list);
    more.contains_key(info.list) && rest.all(|(key, value)| object.get(key) == Some(value))
}

fn append(info: &MergeInfo, object: &mut Map<String, Value>, mut more: Map<String, Value>) {
    let Some(Value::Array(elements)) = more.remove(info.list) else { return };
    let list = object.entry(info.list).or_insert_with(|| Value::Array(Vec::new()));
    let Value::Array(list) = list else { return };
    for element in elements {
        match (list.last_mut(), element) {
            (Some(Value::Object(last)), Value::Object(element)) if same(info, last, &element) => {
                join(info, last, element);
            }
            (_, element) => list.push(element),
        }
    }
}

fn same(info: &MergeInfo, a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    a.get(info.key).is_some_and(|key| b.get(info.key) == Some(key))
}

/// The later element's lists go on where the earlier's end; of the rest it adds what is new.
fn join(info: &MergeInfo, last: &mut Map<String, Value>, element: Map<String, Value>) {
    for (key, value) in element {
        match (last.get_mut(&key), value) {
            (Some(Value::Array(list)), Value::Array(more)) if info.inner.contains(&key.as_str()) => list.extend(more),
            (Some(_), _) => {}
            (None, value) => {
                last.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const WIREGUARD: MergeInfo =
        MergeInfo { op: "get-device", list: "peers", key: "public-key", inner: &["allowedips"] };

    #[test]
    fn continuations_are_told_from_new_objects() {
        let peer = |key: &str, ips: &[u8]| json!({"public-key": key, "allowedips": ips});
        // what it is, fragments, objects
        let cases = [
            (
                "without the device's attributes",
                vec![
                    json!({"ifname": "wg0", "listen-port": 1, "peers": [peer("a", &[1])]}),
                    json!({"peers": [peer("b", &[2])]}),
                    json!({"peers": [peer("b", &[3]), peer("c", &[])]}),
                ],
                vec![json!({"ifname": "wg0", "listen-port": 1,
                    "peers": [peer("a", &[1]), peer("b", &[2, 3]), peer("c", &[])]})],
            ),
            (
                "with the device's attributes repeated",
                vec![
                    json!({"ifname": "wg0", "listen-port": 1, "peers": [peer("a", &[1])]}),
                    json!({"ifname": "wg0", "listen-port": 1, "peers": [peer("a", &[2])]}),
                    json!({"peers": [peer("a", &[3])]}),
                ],
                vec![json!({"ifname": "wg0", "listen-port": 1, "peers": [peer("a", &[1, 2, 3])]})],
            ),
            (
                "another device",
                vec![
                    json!({"ifname": "wg0", "peers": [peer("a", &[1])]}),
                    json!({"ifname": "wg1", "peers": [peer("a", &[2])]}),
                ],
                vec![
                    json!({"ifname": "wg0", "peers": [peer("a", &[1])]}),
                    json!({"ifname": "wg1", "peers": [peer("a", &[2])]}),
                ],
            ),
            (
                "peers that are not neighbours are two",
                vec![
                    json!({"ifname": "wg0", "peers": [peer("a", &[1]), peer("b", &[])]}),
                    json!({"peers": [peer("a", &[2])]}),
                ],
                vec![json!({"ifname": "wg0", "peers": [peer("a", &[1]), peer("b", &[]), peer("a", &[2])]})],
            ),
            (
                "a first message without peers",
                vec![json!({"ifname": "wg0"}), json!({"peers": [peer("a", &[1])]})],
                vec![json!({"ifname": "wg0", "peers": [peer("a", &[1])]})],
            ),
            ("one message is itself", vec![json!({"ifname": "wg0"})], vec![json!({"ifname": "wg0"})]),
            ("no message is no object", vec![], vec![]),
        ];
        for (what, fragments, whole) in cases {
            assert_eq!(merge(&WIREGUARD, fragments), whole, "{what}");
        }
    }

    #[test]
    fn hidden_keys_do_not_make_peers_one() {
        let hidden = |ip: u8| json!({"preshared-key": "(hidden)", "allowedips": [ip]});
        let fragments = vec![json!({"peers": [hidden(1)]}), json!({"peers": [hidden(2)]})];
        assert_eq!(merge(&WIREGUARD, fragments)[0]["peers"].as_array().map(Vec::len), Some(2));
    }
}
