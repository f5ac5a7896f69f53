//! Timing side by side: contenders take turns, so that what disturbs the machine disturbs all of them.

use std::time::{Duration, Instant};

/// Returns the seconds that one of the `count` operations of `f` takes.
pub(crate) fn seconds(count: usize, f: impl FnOnce()) -> f64 {
    let start = Instant::now();
    f();
    start.elapsed().as_secs_f64() / count as f64
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Makes the allocator consolidate what was freed before. glibc's defers that to the next large requests and then does
/// a part of it each time: one contender's garbage can keep it busy for many milliseconds of the next one's time.
fn settle() {
    let large = |i: usize| Vec::<u8>::with_capacity((1 << 16) + 64 * i);
    drop(std::hint::black_box((0..256).map(large).collect::<Vec<_>>()));
}

/// Runs each contender once a round, in turn, and returns its times; each closure returns its time. Runs at least
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

/// Returns the first contender's time over the best of the others': for each rival the median over rounds of the ratio,
/// and of these the largest.
pub(crate) fn over_best(times: &[Vec<f64>]) -> f64 {
    let (ours, rivals) = times.split_first().expect("a contender");
    rivals.iter().map(|rival| ratio(ours, rival)).fold(0.0, f64::max)
}

/// The median over rounds of the ratio of two contenders' times.
fn ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    median(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect())
}

/// The values of a row and of its yardstick, seconds or speed-ups, one of each a round.
#[derive(Default)]
pub(crate) struct SideBySide {
    ours: Vec<f64>,
    yardstick: Vec<f64>,
}

impl SideBySide {
    /// Runs both in turns, for `count` rounds.
    pub(crate) fn measure(count: usize, ours: impl FnMut() -> f64, yardstick: impl FnMut() -> f64) -> Self {
        let mut turns: [Box<dyn FnMut() -> f64 + '_>; 2] = [Box::new(ours), Box::new(yardstick)];
        let [ours, yardstick] = rounds(&mut turns, count, Duration::ZERO)
            .try_into()
            .expect("two contenders");
        Self { ours, yardstick }
    }

    /// Runs both as single operations of microseconds, in alternating blocks of which each contributes its median. `ours`
    /// receives a number that differs from run to run.
    ///
    /// The first run of a block isn't counted: one side's garbage can keep the allocator busy in the other side's time.
    pub(crate) fn singly(mut ours: impl FnMut(usize) -> f64, mut yardstick: impl FnMut() -> f64) -> Self {
        const BLOCKS: usize = 11;
        const RUNS: usize = 31;
        fn block(once: impl FnMut(usize) -> f64) -> f64 {
            settle();
            median((0..RUNS).map(once).skip(1).collect())
        }
        let mut times = Self::default();
        for number in 0..BLOCKS {
            times.push(block(|run| ours(number * RUNS + run)), block(|_| yardstick()));
        }
        times
    }

    pub(crate) fn push(&mut self, ours: f64, yardstick: f64) {
        self.ours.push(ours);
        self.yardstick.push(yardstick);
    }

    /// Returns the median over rounds of the ratio.
    pub(crate) fn ratio(&self) -> f64 {
        ratio(&self.ours, &self.yardstick)
    }

    /// Returns the row's median.
    pub(crate) fn ours(&self) -> f64 {
        median(self.ours.clone())
    }

    /// Returns the yardstick's median.
    pub(crate) fn yardstick(&self) -> f64 {
        median(self.yardstick.clone())
    }
}
