//! The XML of S3's answers: elements and texts, without what these answers don't have.

/// An element that holds no other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Leaf<'a> {
    /// The name of the element around it; empty for the root.
    pub(super) parent: &'a str,
    /// Number of elements before the parent: tells parents of equal names apart.
    pub(super) parent_number: usize,
    pub(super) name: &'a str,
    pub(super) text: String,
}

/// Returns the name of the root and all elements that hold no others; `None` if the text isn't well-formed.
pub(super) fn leaves(xml: &str) -> Option<(&str, Vec<Leaf<'_>>)> {
    let (mut root, mut leaves) = (None, Vec::new());
    let mut open: Vec<(&str, usize)> = Vec::new();
    let (mut number, mut has_children) = (0_usize, true);
    let mut rest = xml.trim_start_matches('\u{feff}');
    while let Some((text, tagged)) = rest.split_once('<') {
        let (tag, after) = tagged.split_once('>')?;
        rest = after;
        if open.is_empty() && !text.trim().is_empty() {
            return None;
        }
        if tag.starts_with('?') {
            continue;
        }
        let name = tag.trim_start_matches('/').split([' ', '\t', '\r', '\n', '/']).next()?;
        let is_closed = tag.starts_with('/');
        let is_empty = tag.ends_with('/');
        // Neither comments, nor declarations, nor attributes that hold a `>`.
        if name.is_empty() || name.starts_with('!') {
            return None;
        }
        if !is_closed {
            if open.is_empty() && root.replace(name).is_some() {
                return None;
            }
            open.push((name, number));
            number = number.checked_add(1)?;
            has_children = false;
        }
        if is_closed || is_empty {
            let (opened, _) = open.pop()?;
            if opened != name {
                return None;
            }
            if !has_children {
                let (parent, parent_number) = open.last().copied().unwrap_or(("", 0));
                let text = unescape(if is_empty { "" } else { text })?;
                leaves.push(Leaf {
                    parent,
                    parent_number,
                    name,
                    text,
                });
            }
            has_children = true;
        }
    }
    let is_complete = open.is_empty() && rest.trim().is_empty();
    root.filter(|_| is_complete).map(|root| (root, leaves))
}

/// Replaces entities.
fn unescape(text: &str) -> Option<String> {
    let mut parts = text.split('&');
    let mut out = parts.next()?.to_owned();
    for part in parts {
        let (entity, rest) = part.split_once(';')?;
        out.push(match entity {
            "quot" => '"',
            "amp" => '&',
            "apos" => '\'',
            "lt" => '<',
            "gt" => '>',
            _ => {
                let number = entity.strip_prefix('#')?;
                let code = match number.strip_prefix('x') {
                    Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)?
            }
        });
        out.push_str(rest);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_found() {
        let xml = "<?xml version=\"1.0\"?>\n<R xmlns=\"x\"><A>1 &lt; 2&#x21;</A><C><K>a</K><O><I/></O></C>\n<C><K>b</K></C></R>\n";
        let (root, found) = leaves(xml).unwrap();
        assert_eq!(root, "R");
        let found: Vec<_> = found
            .iter()
            .map(|leaf| (leaf.parent, leaf.parent_number, leaf.name, &leaf.text[..]))
            .collect();
        assert_eq!(
            found,
            [
                ("R", 0, "A", "1 < 2!"),
                ("C", 2, "K", "a"),
                ("O", 4, "I", ""),
                ("C", 6, "K", "b")
            ]
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for xml in [
            "",
            "text",
            "<",
            "<a",
            "<a>",
            "</a>",
            "<a></b>",
            "<a><b></a></b>",
            "<a/><b/>",
            "<a>&x;</a>",
            "<a>&#xd800;</a>",
            "<a>&</a>",
            "<!-- --><a/>",
            "<>",
            "<a/>text",
            "text<a/>",
        ] {
            assert_eq!(leaves(xml), None, "{xml}");
        }
    }

    #[test]
    fn a_part_of_an_answer_is_refused() {
        let xml = "<R><A>1 &lt; 2</A><C><K>a</K><O><I/></O></C><C><K>é</K></C></R>";
        let whole = leaves(xml).unwrap();
        for (length, _) in xml.char_indices() {
            assert_eq!(leaves(&xml[..length]), None, "{length}");
            // Anything else than a panic.
            for other in ["", "<", ">", "/", "&", "x"] {
                let changed = [
                    &xml[..length],
                    other,
                    xml[length..].split_at_checked(1).map_or("", |parts| parts.1),
                ];
                let changed = changed.concat();
                if let Some((root, leaves)) = leaves(&changed) {
                    assert!(!root.is_empty() && leaves.len() <= whole.1.len() + 1, "{changed}");
                }
            }
        }
    }
}
