//! Policies and decisions.
//!
//! A policy is a set of statements:
//!
//! ```text
//! (member SUBJECT GROUP)            subjects and groups are members of groups
//! (inside RESOURCE RESOURCE)        resources are inside of others
//! (allow SUBJECT ACTION RESOURCE)   for all members of the subject, and everything inside of the resource
//! (deny SUBJECT ACTION RESOURCE)    overrides every allow
//! ```

use std::collections::BTreeSet;

use pleach::env::Space;
use pleach::term::ParseError;
use pleach::{Atom, Environment};

/// A question: may `subject` do `action` with `resource`?
pub(crate) struct Request {
    subject: Atom,
    action: Atom,
    resource: Atom,
}

/// The answer, with the statement that decided.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Allowed(Atom),
    /// `None` if nothing allows it.
    Denied(Option<Atom>),
}

/// An error in the text of a policy or request.
#[derive(Debug)]
pub(crate) enum PolicyError {
    Syntax(ParseError),
    /// This isn't a statement of the language.
    Statement(Atom),
}

impl std::fmt::Display for PolicyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Syntax(error) => error.fmt(f),
            Self::Statement(atom) => write!(f, "{atom} isn't a statement"),
        }
    }
}

impl std::error::Error for PolicyError {}

impl Request {
    /// Parses `(SUBJECT ACTION RESOURCE)`.
    pub(crate) fn parse(text: &str) -> Result<Self, PolicyError> {
        let atom: Atom = text.parse().map_err(PolicyError::Syntax)?;
        match atom.as_expression() {
            Some([subject, action, resource]) if atom.is_ground() => Ok(Self {
                subject: subject.clone(),
                action: action.clone(),
                resource: resource.clone(),
            }),
            _ => Err(PolicyError::Statement(atom)),
        }
    }
}

/// Parses a policy. A statement that is written twice counts once.
pub(crate) fn parse(text: &str) -> Result<Environment, PolicyError> {
    let mut policy = Environment::new();
    for item in pleach::term::Parser::<Atom>::new(text) {
        let statement = item.map_err(PolicyError::Syntax)?.atom;
        let is_statement = match statement.as_expression() {
            Some([Atom::Symbol(kind), _, _]) => matches!(kind.as_str(), "member" | "inside"),
            Some([Atom::Symbol(kind), _, _, _]) => matches!(kind.as_str(), "allow" | "deny"),
            _ => false,
        };
        if !is_statement || !statement.is_ground() {
            return Err(PolicyError::Statement(statement));
        }
        policy.insert_fact(statement);
    }
    Ok(policy)
}

/// Decides by the statements about the subject, its groups, the resource, and all that it is inside of.
pub(crate) fn decide(policy: &Space, request: &Request) -> Decision {
    let subjects = closure(policy, "member", &request.subject);
    let resources = closure(policy, "inside", &request.resource);
    let find = |kind: &str| {
        let statements = subjects.iter().flat_map(|subject| {
            let statement = move |resource: &Atom| {
                Atom::expression([
                    Atom::symbol(kind),
                    subject.clone(),
                    request.action.clone(),
                    resource.clone(),
                ])
            };
            resources.iter().map(statement)
        });
        statements.into_iter().find(|statement| policy.contains(statement))
    };
    match (find("deny"), find("allow")) {
        (None, Some(statement)) => Decision::Allowed(statement),
        (denied, _) => Decision::Denied(denied),
    }
}

/// An atom, and all that it leads to by statements `(relation FROM TO)`, nearest first. Cycles do no harm.
fn closure(policy: &Space, relation: &str, from: &Atom) -> Vec<Atom> {
    let to = Atom::variable("to");
    let mut found = vec![from.clone()];
    let mut seen = BTreeSet::from([from.to_string()]);
    let mut next = 0;
    while let Some(from) = found.get(next).cloned() {
        let pattern = Atom::expression([Atom::symbol(relation), from, to.clone()]);
        for answer in policy.query(&pattern) {
            let reached = answer.resolve(&to);
            if seen.insert(reached.to_string()) {
                found.push(reached);
            }
        }
        next += 1;
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn decision(policy: &str, request: &str) -> Decision {
        decide(&parse(policy).unwrap(), &Request::parse(request).unwrap())
    }

    #[test]
    fn denials_override_permissions_of_every_group() {
        let policy = "(member ann staff) (member staff all) (allow all read (folder a)) (deny staff read (folder b))
            (inside (folder b) (folder a)) (inside (doc x) (folder b)) (inside (doc y) (folder a))";
        assert!(matches!(decision(policy, "(ann read (doc y))"), Decision::Allowed(_)));
        assert!(matches!(
            decision(policy, "(ann read (doc x))"),
            Decision::Denied(Some(_))
        ));
        assert_eq!(decision(policy, "(ann write (doc y))"), Decision::Denied(None));
        assert_eq!(decision(policy, "(bob read (doc y))"), Decision::Denied(None));
    }

    #[test]
    fn cycles_of_groups_end() {
        let policy = "(member a b) (member b c) (member c a) (allow c read x)";
        assert!(matches!(decision(policy, "(a read x)"), Decision::Allowed(_)));
    }

    #[test]
    fn errors_have_positions() {
        assert!(
            parse("(allow a b c)\n(deny")
                .unwrap_err()
                .to_string()
                .contains("line 2")
        );
        for text in ["(permit a b c)", "(allow a b)", "(allow $x b c)", "allow"] {
            assert!(matches!(parse(text), Err(PolicyError::Statement(_))), "{text}");
        }
        assert_eq!(parse("(member a b) (member a b)").unwrap().len(), 1);
    }
}
