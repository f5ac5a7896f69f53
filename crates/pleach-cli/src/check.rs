//! `pleach check`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use pleach::Environment;
use pleach::term::{Item, parser};
use pleach_metta::{Evaluator, Problem};

use crate::diagnostic::{self, Severity};
use crate::interrupt::CtrlC;
use crate::options::ImportOptions;
use crate::outcome::Outcome;
use crate::plural::plural;
use crate::source::{Source, SourceError};

/// Find mistakes in programs without running them.
///
/// Reports syntax errors, type mismatches, wrong numbers of arguments, and names that are likely misspelled. The files are
/// checked as one program, with the files that they import.
///
/// Exit code: 0, also with warnings, or 1 if there is an error, or 2 if a file could not be read.
#[derive(Args)]
pub(crate) struct Check {
    /// The programs.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    imports: ImportOptions,
}

impl Check {
    pub(crate) fn run(&self, ctrl_c: &CtrlC) -> Outcome {
        ctrl_c.begin();
        let sources = Source::read_all(&self.files, ctrl_c.interrupt());
        ctrl_c.end();
        let sources = match sources {
            Ok(sources) => sources,
            Err(SourceError::Unreadable) => return Outcome::Failure,
            Err(SourceError::Interrupted) => return Outcome::Interrupted,
            Err(SourceError::Syntax) => return Outcome::ErrorFound,
        };
        let mut found: Vec<(usize, Problem)> = Vec::new();
        for (folder, group) in by_folder(&sources) {
            let evaluator = match Evaluator::builder()
                .module_folders(self.imports.folders(folder))
                .build()
            {
                Ok(evaluator) => evaluator,
                Err(error) => {
                    diagnostic::error_with_sources(&error);
                    return Outcome::Failure;
                }
            };
            let elsewhere = sources.iter().enumerate().filter(|(index, _)| !group.contains(index));
            let facts = elsewhere.flat_map(|(_, source)| source.items.iter().filter(|item| !item.bang));
            let environment: Environment = facts.map(|item| item.atom.clone()).collect();
            let (origins, items): (Vec<(usize, usize)>, Vec<Item>) = group
                .iter()
                .filter_map(|&file| Some((file, sources.get(file)?)))
                .flat_map(|(file, source)| {
                    let items = source.items.iter().enumerate();
                    items.map(move |(at, item)| ((file, at), item.clone()))
                })
                .unzip();
            for mut problem in evaluator.check(&environment, &items) {
                if let Some(&(file, at)) = origins.get(problem.item) {
                    problem.item = at;
                    found.push((file, problem));
                }
            }
        }
        found.sort_by_key(|(file, problem)| (*file, problem.item, problem.part));
        for (file, problem) in &found {
            if let Some(source) = sources.get(*file)
                && let Some(item) = source.items.get(problem.item)
            {
                report(source, item, problem);
            }
        }
        let errors = found.iter().filter(|(_, problem)| problem.kind.is_error()).count();
        print_summary(sources.len(), errors, found.len() - errors);
        if errors > 0 {
            Outcome::ErrorFound
        } else {
            Outcome::Success
        }
    }
}

/// Groups the indexes of sources by folder, where imports are looked up.
fn by_folder(sources: &[Source]) -> BTreeMap<&Path, Vec<usize>> {
    let mut folders: BTreeMap<&Path, Vec<usize>> = BTreeMap::new();
    for (index, source) in sources.iter().enumerate() {
        folders.entry(source.folder()).or_default().push(index);
    }
    folders
}

fn report(source: &Source, item: &Item, problem: &Problem) {
    let span = parser::spans(&source.text, item).into_iter().nth(problem.part);
    let severity = if problem.kind.is_error() {
        Severity::Error
    } else {
        Severity::Warning
    };
    let help = problem.kind.suggestion().map(|name| format!("did you mean `{name}`?"));
    let shown = source.path.display().to_string();
    let span = span.unwrap_or_else(|| item.span.clone());
    diagnostic::at(severity, &problem.kind, &shown, &source.text, &span, help.as_deref());
    let _ = writeln!(io::stderr().lock());
}

fn print_summary(files: usize, errors: usize, warnings: usize) {
    let found = match (errors, warnings) {
        (0, 0) => "no problems found".to_owned(),
        (0, _) => plural(warnings, "warning"),
        (_, 0) => plural(errors, "error"),
        _ => format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")),
    };
    // A closed standard error is left alone.
    let _ = writeln!(io::stderr().lock(), "{}: {found}", plural(files, "file"));
}
