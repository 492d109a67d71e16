//! Keeps the arrows between the top-level modules of each crate one way: no module needs, through others, itself.
//!
//! An arrow is any path that begins at the crate's root: `crate::…`, or as many `super::` as lead there. Sources are
//! read as tokens, so that comments and strings are none, and paths inside of macros are. Names that a root hands on
//! one by one count as the module's that they come from; those of a glob are not followed. Tests may use what they
//! like.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use cargo_metadata::Metadata;
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// The modules that each module names, and a file in which it does.
type Arrows = BTreeMap<String, BTreeMap<String, PathBuf>>;

/// Every circle of modules in the workspace, one line each.
pub(crate) fn circles(metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        let roots = package.targets.iter().filter(|target| {
            target.is_lib() || target.is_bin() || target.is_proc_macro() || target.is_cdylib()
        });
        // A library and a program may share a folder.
        let folders: BTreeSet<PathBuf> = roots
            .filter_map(|target| target.src_path.parent())
            .map(|path| path.as_std_path().into())
            .collect();
        for folder in folders {
            let arrows = arrows(&folder)?;
            if let Some(circle) = circle(&arrows) {
                faults.push(format!("{}: {}", package.name, tell(&circle, &arrows, &folder)));
            }
        }
    }
    Ok(faults)
}

fn tell(circle: &[String], arrows: &Arrows, folder: &Path) -> String {
    let ends = circle.iter().zip(circle.iter().cycle().skip(1));
    let arrows = ends.map(|(from, to)| {
        let file = &arrows[from][to];
        format!("{from} -> {to} ({})", file.strip_prefix(folder).unwrap_or(file).display())
    });
    format!("modules in a circle: {}", arrows.collect::<Vec<_>>().join(", "))
}

/// The arrows between the modules of the crate whose root lies in a folder.
fn arrows(folder: &Path) -> anyhow::Result<Arrows> {
    let mut files = Vec::new();
    collect(folder, &mut Vec::new(), &mut files)?;
    let modules: BTreeSet<String> = files.iter().filter_map(|(module, _)| module.first().cloned()).collect();
    let mut sources = Vec::new();
    for (module, path) in files {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let tokens =
            text.parse::<TokenStream>().map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
        sources.push((module, path, tokens));
    }
    // What the root hands on under its own name belongs to the module that it comes from.
    let mut handed_on = BTreeMap::new();
    for (_, _, tokens) in sources.iter().filter(|(module, ..)| module.is_empty()) {
        hand_on(tokens.clone(), &modules, &mut handed_on);
    }
    let mut arrows = Arrows::new();
    for (module, path, tokens) in sources {
        let Some(own) = module.first() else { continue };
        let mut named = BTreeSet::new();
        names(tokens, module.len(), &mut named);
        for name in named {
            let to = if modules.contains(&name) { Some(&name) } else { handed_on.get(&name) };
            if let Some(to) = to.filter(|to| *to != own) {
                let of_own = arrows.entry(own.clone()).or_default();
                of_own.entry(to.clone()).or_insert_with(|| path.clone());
            }
        }
    }
    Ok(arrows)
}

/// The source files below a folder, each with its module; the root's is empty.
fn collect(
    folder: &Path,
    module: &mut Vec<String>,
    files: &mut Vec<(Vec<String>, PathBuf)>,
) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let Some(name) = path.file_stem().map(|name| name.to_string_lossy().into_owned()) else { continue };
        if path.is_dir() {
            module.push(name);
            collect(&path, module, files)?;
            module.pop();
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests" {
            let is_root = module.is_empty() && (name == "lib" || name == "main");
            let mut module = module.clone();
            if name != "mod" && !is_root {
                module.push(name);
            }
            files.push((module, path));
        }
    }
    Ok(())
}

/// The names that `use` items of a root bring in from its modules.
fn hand_on(tokens: TokenStream, modules: &BTreeSet<String>, into: &mut BTreeMap<String, String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (i, _) in tokens.iter().enumerate().filter(|(_, token)| is_ident(token, "use")) {
        let path = tokens[i + 1..].iter().take_while(|token| !is_punct(token, ';'));
        let mut path: Vec<TokenTree> = path.cloned().collect();
        if path.first().is_some_and(|token| is_ident(token, "crate") || is_ident(token, "self")) {
            path.drain(..3.min(path.len()));
        }
        let Some(TokenTree::Ident(first)) = path.first() else { continue };
        let module = first.to_string();
        if modules.contains(&module) {
            for name in idents(path.into_iter().skip(1).collect()) {
                into.entry(name.to_string()).or_insert_with(|| module.clone());
            }
        }
    }
}

fn idents(tokens: TokenStream) -> Vec<Ident> {
    let of_token = |token| match token {
        TokenTree::Ident(ident) => vec![ident],
        TokenTree::Group(group) => idents(group.stream()),
        _ => Vec::new(),
    };
    tokens.into_iter().flat_map(of_token).collect()
}

/// The names right below the root that paths in a module `depth` below the root begin with.
fn names(tokens: TokenStream, depth: usize, into: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut i = 0;
    while i < tokens.len() {
        if let Some(after) = skip_test(&tokens, i) {
            i = after;
            continue;
        }
        let (ups, after) = to_root(&tokens, i);
        if is_ident(&tokens[i], "crate") && is_path_separator(&tokens, i + 1) {
            firsts(tokens.get(i + 3), into);
        } else if ups > 0 {
            if ups >= depth {
                firsts(tokens.get(after), into);
            }
            i = after;
            continue;
        }
        if let TokenTree::Group(group) = &tokens[i] {
            // A module inside of a file is one deeper.
            let is_module =
                i >= 2 && is_ident(&tokens[i - 2], "mod") && group.delimiter() == Delimiter::Brace;
            names(group.stream(), depth + usize::from(is_module), into);
        }
        i += 1;
    }
}

/// How many `super::` begin at a token, and the index behind them.
fn to_root(tokens: &[TokenTree], mut i: usize) -> (usize, usize) {
    let mut ups = 0;
    while tokens.get(i).is_some_and(|token| is_ident(token, "super")) && is_path_separator(tokens, i + 1) {
        ups += 1;
        i += 3;
    }
    (ups, i)
}

/// What a path goes on with: one name, or a group of paths.
fn firsts(token: Option<&TokenTree>, into: &mut BTreeSet<String>) {
    match token {
        Some(TokenTree::Ident(name)) => drop(into.insert(name.to_string())),
        Some(TokenTree::Group(group)) => {
            let mut begins = true;
            for token in group.stream() {
                if begins {
                    firsts(Some(&token), into);
                }
                begins = is_punct(&token, ',');
            }
        }
        _ => {}
    }
}

/// The index behind an item that only tests have, if one begins at this token.
fn skip_test(tokens: &[TokenTree], i: usize) -> Option<usize> {
    let [hash, TokenTree::Group(attribute), ..] = tokens.get(i..)? else { return None };
    let attribute = attribute.stream().to_string().replace(' ', "");
    if !is_punct(hash, '#') || attribute != "cfg(test)" {
        return None;
    }
    // An item ends with a block or a semicolon.
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(token, ';'),
    };
    let length = tokens[i + 2..].iter().position(ends)?;
    Some(i + 2 + length + 1)
}

fn is_ident(token: &TokenTree, name: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == name)
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

fn is_path_separator(tokens: &[TokenTree], i: usize) -> bool {
    let is_colon = |i| tokens.get(i).is_some_and(|token| is_punct(token, ':'));
    is_colon(i) && is_colon(i + 1)
}

/// A circle of arrows, if there is one: the shortest through the first module that is in any.
fn circle(arrows: &Arrows) -> Option<Vec<String>> {
    arrows.keys().find_map(|start| {
        let mut ways = BTreeMap::from([(start, vec![start.clone()])]);
        let mut open = std::collections::VecDeque::from([start]);
        while let Some(module) = open.pop_front() {
            for to in arrows.get(module).into_iter().flat_map(BTreeMap::keys) {
                if to == start {
                    return ways.remove(module);
                }
                if !ways.contains_key(to) {
                    let way = [ways[module].as_slice(), std::slice::from_ref(to)].concat();
                    ways.insert(to, way);
                    open.push_back(to);
                }
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arrows of a crate of these files.
    fn of(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder for the test");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("lies in the folder")).expect("can be made");
            fs::write(path, text).expect("can be written");
        }
        let arrows = arrows(folder.path()).expect("the files are Rust");
        let told = arrows.iter().flat_map(|(from, to)| to.keys().map(move |to| format!("{from} -> {to}")));
        let mut told: Vec<String> = told.collect();
        if let Some(circle) = circle(&arrows) {
            told.push(format!("circle {}", circle.join(" ")));
        }
        told
    }

    #[test]
    fn paths_from_the_root_are_arrows_wherever_they_stand() {
        let b = ("b.rs", "pub struct B;");
        for source in [
            "use crate::b::B;",
            "use crate::{c::C, b::{self, B}};",
            "use super::b;",
            "fn f() -> crate::b::B { todo!() }",
            "fn f() { g!(vec![crate::b::B]); }",
            "mod inner { use super::super::b; }",
            "use crate::Handed;",
        ] {
            let root = ("lib.rs", "mod a; mod b; pub use b::{B as Handed};");
            assert_eq!(of(&[root, ("a.rs", source), b]), ["a -> b"], "{source}");
        }
    }

    #[test]
    fn what_only_looks_like_a_path_is_none() {
        for source in [
            "// use crate::b::B;",
            "const TEXT: &str = \"crate::b::B\";",
            "const LETTER: char = '\"'; // crate::b",
            "mod inner { use super::b; }",
            "pub(crate) fn f() {}",
            "pub(in crate::a) fn f() {}",
            "#[cfg(test)] mod tests { use crate::b::B; }",
            "#[cfg(test)] use crate::b::B;",
        ] {
            assert_eq!(
                of(&[("lib.rs", "mod a; mod b;"), ("a.rs", source), ("b.rs", "")]),
                [""; 0],
                "{source}"
            );
        }
    }

    #[test]
    fn a_circle_is_found_through_folders_and_told_as_its_shortest_way() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c; mod d;"),
            ("a/mod.rs", "mod deep;"),
            ("a/deep.rs", "use super::super::b::B;"),
            ("b.rs", "use crate::c;"),
            ("c.rs", "use crate::{a, d};"),
            ("d.rs", "use crate::c;"),
            ("a/tests.rs", "use crate::d;"),
        ];
        let told = of(&files);
        assert_eq!(told, ["a -> b", "b -> c", "c -> a", "c -> d", "d -> c", "circle a b c"]);
        let open = of(&[&files[..4], &[("c.rs", "")]].concat());
        assert_eq!(open, ["a -> b", "b -> c"]);
    }
}
