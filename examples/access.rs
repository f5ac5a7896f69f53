//! Access policies: users, nested groups, folders of resources, and deny overrides, changed live under readers.
//!
//! ```text
//! cargo run --example access
//! ```
//!
//! The policy is a set of facts in a `SharedEnvironment`, and what it comes to is a program of rules. After each commit the
//! permissions that it changed are printed, and in the end one of them is explained. Readers decide meanwhile, each decision
//! by one whole policy. The examples in `examples/policy` keep a policy on disk, with its history.

use std::error::Error;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use pleach::derive::{Derived, LimitExceeded, Program};
use pleach::env::{Change, Environment};
use pleach::term::ParseError;
use pleach::{Atom, SharedEnvironment};

const RULES: &str = "
    ; A user acts as the groups that they are in, and as those that these are in.
    (=> (, (user $user)) (acts-as $user $user))
    (=> (, (acts-as $user $group) (member $group $outer)) (acts-as $user $outer))

    ; A resource is in its folder, and in those that this one is in.
    (=> (, (resource $what)) (within $what $what))
    (=> (, (within $what $folder) (inside $folder $outer)) (within $what $outer))

    ; A rule about a group and a folder is about all that act as the one, and all within the other. Deny overrides allow.
    (=> (, (allow $group $action $folder) (acts-as $user $group) (within $what $folder)) (allowed $user $action $what))
    (=> (, (deny $group $action $folder) (acts-as $user $group) (within $what $folder)) (denied $user $action $what))
    (=> (, (allowed $user $action $what) (not (denied $user $action $what))) (can $user $action $what))
";

const POLICY: &str = "
    (user ann) (user bob) (user eve)
    (member ann editors) (member bob interns) (member editors staff) (member interns staff)
    (resource budget) (resource roadmap)
    (inside budget finance) (inside finance documents) (inside roadmap documents)
    (allow staff read documents)
    (allow editors write documents)
    (deny interns read finance)
";

/// The changes of the policy, each a commit: facts that are added after `+`, and removed after `-`.
const COMMITS: [(&str, &str, &str); 4] = [
    ("eve joins the interns", "(member eve interns)", ""),
    ("bob is promoted", "(member bob editors)", "(member bob interns)"),
    (
        "the budget moves out of finance",
        "(inside budget documents)",
        "(inside budget finance)",
    ),
    ("nobody writes the roadmap any more", "(deny staff write roadmap)", ""),
];

fn atoms(text: &str) -> Result<Vec<Atom>, ParseError> {
    let items = pleach::term::Parser::new(text);
    items.map(|item| item.map(|item| item.atom)).collect()
}

/// The policy, shared with its readers.
struct Access {
    policy: SharedEnvironment,
    program: Program,
}

impl Access {
    fn new(policy: &str, rules: &str) -> Result<Self, Box<dyn Error>> {
        let mut world = Environment::new();
        world.extend(atoms(policy)?);
        Ok(Self {
            policy: SharedEnvironment::new(world),
            program: rules.parse()?,
        })
    }

    /// The current permissions. They are part of the snapshot once a reader has brought them up to
    /// date; readers that come before that do the same work, and the first one's result is kept.
    fn permissions(&self) -> Result<Derived, LimitExceeded> {
        self.program.derive(&self.policy.load())
    }

    /// Commits a change, and returns the permissions that it changed, one a line.
    fn commit(&self, added: &str, removed: &str) -> Result<String, Box<dyn Error>> {
        let (added, removed) = (atoms(added)?, atoms(removed)?);
        let before = self.permissions()?;
        self.policy.update(|world| {
            world.extend(added.iter().cloned());
            removed.iter().for_each(|fact| _ = world.remove_fact(fact));
        });
        Ok(changed(&before, &self.permissions()?))
    }
}

/// The permissions that differ between two states.
fn changed(before: &Derived, after: &Derived) -> String {
    let mut lines = String::new();
    for change in &before.diff(after) {
        if let Change::Atom { atom, .. } = change
            && atom
                .as_expression()
                .is_some_and(|items| items.first() == Some(&Atom::symbol("can")))
        {
            let _ = writeln!(lines, "  {change}");
        }
    }
    lines
}

fn main() -> Result<(), Box<dyn Error>> {
    let access = Access::new(POLICY, RULES)?;
    println!("at first:");
    let can = "(can $user $action $what)".parse()?;
    for answer in access.permissions()?.query(&can) {
        println!("  {}", answer.atom());
    }

    let (done, decisions) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                let [ann, denied] = ["(can ann read roadmap)", "(denied ann read roadmap)"].map(|text| text.parse());
                while let (Ok(ann), Ok(denied), Ok(permissions)) = (&ann, &denied, access.permissions())
                    && !done.load(Ordering::Relaxed)
                {
                    assert!(permissions.contains(ann) && !permissions.contains(denied));
                    decisions.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let committed: Result<(), Box<dyn Error>> = COMMITS.iter().try_for_each(|(title, added, removed)| {
            println!("{title}:\n{}", access.commit(added, removed)?.trim_end());
            Ok(())
        });
        while decisions.load(Ordering::Relaxed) == 0 {
            thread::yield_now();
        }
        done.store(true, Ordering::Relaxed);
        committed
    })?;

    let fact = "(can bob read budget)".parse()?;
    match access.permissions()?.explain(&fact) {
        Some(why) => print!("why:\n{why}"),
        None => println!("{fact} doesn't follow"),
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn each_commit_changes_what_it_says() {
        let access = Access::new(POLICY, RULES).unwrap();
        let changes = COMMITS.map(|(_, added, removed)| access.commit(added, removed).unwrap());
        assert_eq!(
            changes,
            [
                "  +1 (can eve read roadmap)\n",
                "  +1 (can bob read budget)\n  +1 (can bob write budget)\n  +1 (can bob write roadmap)\n",
                "  +1 (can eve read budget)\n",
                "  -1 (can ann write roadmap)\n  -1 (can bob write roadmap)\n",
            ]
        );
    }

    #[test]
    fn permissions_are_explained() {
        let access = Access::new(POLICY, RULES).unwrap();
        let why = access
            .permissions()
            .unwrap()
            .explain(&"(can ann write roadmap)".parse().unwrap());
        let expected = "\
(can ann write roadmap) by rule 7
  no (denied ann write roadmap)
  (allowed ann write roadmap) by rule 5
    (allow editors write documents)
    (acts-as ann editors) by rule 2
      (acts-as ann ann) by rule 1
        (user ann)
      (member ann editors)
    (within roadmap documents) by rule 4
      (within roadmap roadmap) by rule 3
        (resource roadmap)
      (inside roadmap documents)
";
        assert_eq!(why.unwrap().to_string(), expected);
    }
}
