//! Timing side by side: contenders take turns, so that what disturbs the machine disturbs all of them.

use std::time::{Duration, Instant};

/// Seconds that one operation takes.
pub(crate) fn seconds(count: usize, f: impl FnOnce()) -> f64 {
    let start = Instant::now();
    f();
    start.elapsed().as_secs_f64() / count as f64
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Has the allocator put in order what was freed before. glibc's leaves that until it is next asked for something large, and
/// then does a part of it each time; what one contender leaves behind can keep it busy for many milliseconds, which are not
/// the time of the next one.
fn settle() {
    let large = |i: usize| Vec::<u8>::with_capacity((1 << 16) + 64 * i);
    drop(std::hint::black_box((0..256).map(large).collect::<Vec<_>>()));
}

/// Lets each contender run once a round, in turn, and returns its times; each closure returns its time. At least
/// `least` rounds, and more while the budget lasts.
pub(crate) fn rounds(contenders: &mut [Box<dyn FnMut() -> f64 + '_>], least: usize, budget: Duration) -> Vec<Vec<f64>> {
    let mut times = vec![Vec::new(); contenders.len()];
    // Warm up.
    for contender in contenders.iter_mut() {
        contender();
    }
    let start = Instant::now();
    let mut round = 0;
    while round < least || (start.elapsed() < budget && round < 101) {
        for turn in 0..contenders.len() {
            // Another goes first each round.
            let i = (turn + round) % contenders.len();
            settle();
            times[i].push(contenders[i]());
        }
        round += 1;
    }
    times
}

/// The first contender's time over the best of the others': for each rival the median over rounds of the ratio, and of
/// these the largest.
pub(crate) fn over_best(times: &[Vec<f64>]) -> f64 {
    let (ours, rivals) = times.split_first().expect("a contender");
    let ratio = |rival: &Vec<f64>| median(ours.iter().zip(rival).map(|(a, b)| a / b).collect());
    rivals.iter().map(ratio).fold(0.0, f64::max)
}
