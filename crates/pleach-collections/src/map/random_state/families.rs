//! Families of structured keys: common ones, and ones that an attacker would choose.

use alloc::sync::Arc;
use core::hash::{BuildHasher, Hash};

/// A family of keys: its name, and how to hash its keys, which all differ.
pub(super) type Family<S> = (&'static str, fn(&S) -> Vec<u64>);

fn of<S: BuildHasher, K: Hash>(state: &S, keys: impl IntoIterator<Item = K>) -> Vec<u64> {
    keys.into_iter().map(|key| state.hash_one(key)).collect()
}

/// Pseudorandom numbers: SplitMix64.
pub(super) fn scrambled(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// `first`, then `len - 1` times `byte`.
fn padded(first: u8, byte: u8, len: usize) -> Vec<u8> {
    let mut bytes = vec![byte; len];
    bytes[0] = first;
    bytes
}

fn text(bytes: Vec<u8>) -> String {
    bytes.into_iter().map(char::from).collect()
}

/// Strings of a letter and zeros, of 16 lengths. The first hasher of this crate gave them 32 hashes in every process.
pub(super) fn letters_and_zeros() -> impl Iterator<Item = String> {
    (33..=48).flat_map(|len| (0..16).map(move |c| text(padded(b'@' + c, 0, len))))
}

/// The family of [`letters_and_zeros`] in pairs.
pub(super) fn pairs_of_letters_and_zeros() -> impl Iterator<Item = (String, String)> {
    letters_and_zeros().flat_map(|a| letters_and_zeros().map(move |b| (a.clone(), b)))
}

pub(super) fn families<S: BuildHasher>() -> Vec<Family<S>> {
    vec![
        ("strings: a letter and zeros, 33 to 48 bytes", |s| {
            of(s, letters_and_zeros())
        }),
        ("strings: a letter and zeros, 1 to 300 bytes", |s| {
            of(
                s,
                (1..=300).flat_map(|len| (0..16).map(move |c| text(padded(b'@' + c, 0, len)))),
            )
        }),
        ("strings: zeros, 0 to 2,000", |s| {
            of(s, (0..2000).map(|len| "\0".repeat(len)))
        }),
        ("strings: one byte repeated, 1 to 32 times", |s| {
            of(
                s,
                (1..=32).flat_map(|len| (1..=127_u8).map(move |byte| text(vec![byte; len]))),
            )
        }),
        ("strings: all of two letters up to 11", |s| {
            of(
                s,
                (1..=11_u32).flat_map(|len| {
                    (0..1_u32 << len).map(move |bits| {
                        (0..len)
                            .map(|at| if bits >> at & 1 == 0 { 'a' } else { 'b' })
                            .collect::<String>()
                    })
                }),
            )
        }),
        ("strings: one byte among zeros, in 64", |s| {
            of(
                s,
                (0..64).flat_map(|at| {
                    (1..=64_u8).map(move |byte| {
                        let mut bytes = vec![0; 64];
                        bytes[at] = byte;
                        text(bytes)
                    })
                }),
            )
        }),
        ("strings: two bits among zeros, in 24", |s| {
            of(
                s,
                (0..24 * 7).flat_map(|i| {
                    (0..i).map(move |j| {
                        let mut bytes = vec![0_u8; 24];
                        bytes[i / 7] |= 1 << (i % 7);
                        bytes[j / 7] |= 1 << (j % 7);
                        text(bytes)
                    })
                }),
            )
        }),
        ("strings: the period of a block of 8, 16, 32, 48, 96", |s| {
            of(
                s,
                [8_usize, 16, 32, 48, 96]
                    .into_iter()
                    .flat_map(|block| {
                        (1..=10_usize).flat_map(move |blocks| {
                            (0..60_u8).map(move |byte| {
                                let piece = text(padded(b'!' + byte, b'~', block));
                                piece.repeat(blocks)
                            })
                        })
                    })
                    .collect::<std::collections::BTreeSet<_>>(),
            )
        }),
        ("strings: symbols", |s| of(s, (0..4000).map(|i| format!("symbol-{i}")))),
        ("strings: paths", |s| {
            of(
                s,
                (0..20).flat_map(|a| {
                    (0..20).flat_map(move |b| {
                        (0..10).map(move |c| format!("/usr/share/doc/package-{a}/section{b}/chapter.{c:03}.html"))
                    })
                }),
            )
        }),
        ("strings: round decimals", |s| {
            of(
                s,
                (0..40).flat_map(|zeros| {
                    (1..100)
                        .filter(|n| n % 10 != 0)
                        .map(move |n| format!("{n}{}", "0".repeat(zeros)))
                }),
            )
        }),
        ("bytes: lengths and values", |s| {
            of(
                s,
                (1..=64).flat_map(|len| (0..=63_u8).map(move |byte| padded(byte, 255 - byte, len))),
            )
        }),
        ("slices of numbers: zeros", |s| {
            of(s, (0..1000).map(|len| vec![0_u64; len]))
        }),
        ("slices of numbers: one one among zeros", |s| {
            of(
                s,
                (1..80).flat_map(|len| {
                    (0..len).map(move |at| {
                        let mut numbers = vec![0_u32; len];
                        numbers[at] = 1;
                        numbers
                    })
                }),
            )
        }),
        ("slices of strings: where the text is cut", |s| {
            of(
                s,
                (0..=60_usize).flat_map(|a| {
                    (a..=60).map(move |b| {
                        let text = "x".repeat(60);
                        [text[..a].to_owned(), text[a..b].to_owned(), text[b..].to_owned()]
                    })
                }),
            )
        }),
        ("pairs of strings: where the text is cut", |s| {
            of(
                s,
                (1..80_usize).flat_map(|len| {
                    (0..=len).map(move |at| {
                        let text = "ab".repeat(40);
                        (text[..at].to_owned(), text[at..len].to_owned())
                    })
                }),
            )
        }),
        ("(Arc<str>, u32)", |s| {
            of(
                s,
                (0..200).flat_map(|name| (0..20_u32).map(move |arity| (Arc::<str>::from(format!("f{name}")), arity))),
            )
        }),
        ("(Arc<str>, u32) with zeros", |s| {
            of(
                s,
                (0..100).flat_map(|len| (0..40_u32).map(move |arity| (Arc::<str>::from("\0".repeat(len)), arity))),
            )
        }),
        ("options of strings", |s| {
            of(
                s,
                (0..64).flat_map(|a| {
                    (0..64).map(move |b| {
                        let text = |n: usize| n.checked_sub(1).map(|n| "\0".repeat(n));
                        [text(a), text(b)]
                    })
                }),
            )
        }),
        ("u8", |s| of(s, 0..=255_u8)),
        ("u16", |s| of(s, (0..=u16::MAX).step_by(13))),
        ("u32 in sequence", |s| of(s, 0..5000_u32)),
        ("u64 in sequence", |s| of(s, 0..5000_u64)),
        ("u64 downwards", |s| of(s, (0..5000_u64).map(|i| !i))),
        ("i64 around zero", |s| of(s, -2500..2500_i64)),
        ("usize in sequence", |s| of(s, 0..5000_usize)),
        ("addresses", |s| of(s, (0..5000_u64).map(|i| 0x7f3a_1000_0000 + 48 * i))),
        ("u64 with a stride of 2^8", |s| of(s, (0..5000_u64).map(|i| i << 8))),
        ("u64 with a stride of 2^16", |s| of(s, (0..5000_u64).map(|i| i << 16))),
        ("u64 with a stride of 2^32", |s| of(s, (0..5000_u64).map(|i| i << 32))),
        ("u64 with a stride of 2^51", |s| of(s, (0..5000_u64).map(|i| i << 51))),
        ("u64 with a stride of 1,000", |s| of(s, (0..5000_u64).map(|i| i * 1000))),
        ("u64 with a stride of 10^15", |s| {
            of(s, (0..5000_u64).map(|i| i * 1_000_000_000_000_000))
        }),
        ("u64 of two bits", |s| {
            of(s, (0..64).flat_map(|i| (0..i).map(move |j| 1_u64 << i | 1 << j)))
        }),
        ("u64 of three bits", |s| {
            of(
                s,
                (0..32).flat_map(|i| {
                    (0..i).flat_map(move |j| (0..j).map(move |k| 1_u64 << (2 * i) | 1 << (2 * j) | 1 << (2 * k)))
                }),
            )
        }),
        ("u64 and their complements", |s| {
            of(s, (0..2500_u64).flat_map(|i| [i, !i]))
        }),
        ("u128 of two bits", |s| {
            of(s, (0..100).flat_map(|i| (0..i).map(move |j| 1_u128 << i | 1 << j)))
        }),
        ("u64 scrambled", |s| of(s, (0..5000).map(scrambled))),
        ("bits of whole floats", |s| {
            of(s, (0..5000).map(|i| f64::from(i).to_bits()))
        }),
        ("bits of floats with one decimal", |s| {
            of(s, (0..5000).map(|i| (f64::from(i) / 10.0).to_bits()))
        }),
        ("bits of powers of ten", |s| {
            of(s, (-300..300).map(|i| 10_f64.powi(i).to_bits()))
        }),
        ("(u32, u32) in a square", |s| {
            of(s, (0..70_u32).flat_map(|a| (0..70_u32).map(move |b| (a, b))))
        }),
        ("(u64, u64) in a square", |s| {
            of(s, (0..70_u64).flat_map(|a| (0..70_u64).map(move |b| (a, b))))
        }),
        ("(i64, i64) around zero", |s| {
            of(s, (-35..35_i64).flat_map(|a| (-35..35_i64).map(move |b| (a, b))))
        }),
        ("(u8, u8, u16)", |s| {
            of(
                s,
                (0..16_u8).flat_map(|a| (0..16_u8).flat_map(move |b| (0..16_u16).map(move |c| (a, b, c)))),
            )
        }),
        ("(u64, u64, u64) in a cube", |s| {
            of(
                s,
                (0..17_u64).flat_map(|a| (0..17_u64).flat_map(move |b| (0..17_u64).map(move |c| (a, b, c)))),
            )
        }),
        ("(usize, bool, char)", |s| {
            of(
                s,
                (0..50_usize).flat_map(|a| {
                    [false, true]
                        .into_iter()
                        .flat_map(move |b| ('a'..='z').map(move |c| (a, b, c)))
                }),
            )
        }),
        ("options of numbers", |s| {
            of(
                s,
                (0..64_u32).flat_map(|a| (0..64_u32).map(move |b| (a.checked_sub(1), b.checked_sub(1)))),
            )
        }),
        ("slices of bools", |s| {
            of(
                s,
                (0..12_u32).flat_map(|len| {
                    (0..1_u32 << len).map(move |bits| (0..len).map(|at| bits >> at & 1 == 1).collect::<Vec<bool>>())
                }),
            )
        }),
    ]
}
