//! The entry point of a suite: finds the files of the cases and writes `fn main`.
//!
//! The folder is read while compiling. It is found beside the file that holds the macro, or, where the compiler does
//! not say which file that is, at the usual places of the package.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::LitStr;

use crate::keys::ALIKE;

/// The folder that is read unless another one is named.
const FOLDER: &str = "cases";

/// Where a suite's `main.rs` usually is, below the package.
const USUAL_PLACES: [&str; 2] = ["stress", "tests"];

/// Expands `main!(argument)` written in `file`, which is as the compiler names it.
pub(crate) fn expand(argument: TokenStream, file: Option<PathBuf>) -> TokenStream {
    let package = env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
    let (span, suite) = match folder_argument(argument) {
        Ok((folder, span)) => (span, Suite::find(&folder, file.as_deref(), &package)),
        Err(error) => return failed(error.into_compile_error()),
    };
    match suite {
        Ok(suite) => suite.render(),
        Err(message) => failed(quote_spanned!(span=> ::core::compile_error!(#message);)),
    }
}

/// An error, and a `main` to keep the compiler from saying that there is none.
fn failed(error: TokenStream) -> TokenStream {
    quote!(#error fn main() {})
}

fn folder_argument(argument: TokenStream) -> syn::Result<(String, Span)> {
    if argument.is_empty() {
        return Ok((FOLDER.to_owned(), Span::call_site()));
    }
    let literal: LitStr = syn::parse2(argument.clone()).map_err(|_| {
        syn::Error::new_spanned(argument, "expected the folder of the cases: proofload::main!(\"cases\")")
    })?;
    Ok((literal.value(), literal.span()))
}

/// The files of a suite.
#[derive(Debug, PartialEq, Eq)]
struct Suite {
    /// As the user wrote it, without a slash at the end.
    folder: String,
    /// The last component of the folder, which is the name of the module.
    module: String,
    cases: Vec<CaseFile>,
}

/// A file of cases.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct CaseFile {
    module: String,
    /// Relative to the folder, with `/`: `search.rs` or `search/mod.rs`.
    path: String,
}

impl Suite {
    fn find(folder: &str, file: Option<&Path>, package: &Path) -> Result<Self, String> {
        let folder = folder.trim_end_matches('/');
        let module = folder.rsplit('/').next().unwrap_or(folder);
        if !is_module_name(module) {
            return Err(format!(
                "`{folder}` cannot be the folder of a suite: its name becomes a module, so it must be \
                an identifier such as `{FOLDER}`"
            ));
        }
        let path = locate(folder, file, package)?;
        let cases = match list(&path) {
            // A suite that has just begun: its program says how to write a first case.
            Err(ListError::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => {
                match alike(&path) {
                    Some(meant) => Err(format!(
                        "there is no folder `{}`; did you mean `{}`?",
                        shown(&path, package),
                        shown(&meant, package)
                    )),
                    None => Ok(Vec::new()),
                }
            }
            cases => cases.map_err(|problem| Self::refusal(&problem, &shown(&path, package))),
        }?;
        Ok(Self { folder: folder.to_owned(), module: module.to_owned(), cases })
    }

    fn refusal(problem: &ListError, shown: &str) -> String {
        match problem {
            ListError::Unreadable(error) => format!("cannot read the folder `{shown}`: {error}"),
            ListError::OwnModules => format!(
                "remove `{shown}/mod.rs`: `proofload::main!` declares the modules \
                    of this folder itself"
            ),
            ListError::Name(name) => format!(
                "`{shown}/{name}` cannot be a module: its name must be an \
                    identifier that is no keyword, such as `search.rs`"
            ),
            ListError::Twice(name) => {
                format!("`{shown}` has both `{name}.rs` and `{name}/mod.rs`: remove one")
            }
        }
    }

    fn render(&self) -> TokenStream {
        let Self { folder, module, cases } = self;
        let name = |name: &str| Ident::new(name, Span::call_site());
        // An inline module looks for its files in a folder of its own name; a deeper folder has to be said.
        let place = (folder != module).then(|| quote!(#[path = #folder]));
        let module = name(module);
        let modules = cases.iter().map(|case| name(&case.module));
        let files = cases.iter().map(|case| &case.path);
        quote! {
            #place
            mod #module { #(mod #modules;)* }

            fn main() -> ::std::process::ExitCode {
                ::proofload::__private::main(::proofload::__private::Suite {
                    package_dir: ::core::env!("CARGO_MANIFEST_DIR"),
                    package: ::core::env!("CARGO_PKG_NAME"),
                    version: ::core::env!("CARGO_PKG_VERSION"),
                    crate_name: ::core::module_path!(),
                    main_file: ::core::file!(),
                    folder: #folder,
                    files: &[#(#files),*],
                    tmp: ::core::option_env!("CARGO_TARGET_TMPDIR"),
                })
            }

            // Dropped by the compiler, except where the target has libtest's harness, which runs no case.
            #[test]
            fn harness_is_set_to_false() {
                ::core::panic!(
                    "this target runs without proofload's harness: set `harness = false` for it in Cargo.toml"
                )
            }
        }
    }
}

/// The folder's path, whether it exists or not.
fn locate(folder: &str, file: Option<&Path>, package: &Path) -> Result<PathBuf, String> {
    if let Some(beside) = file.and_then(|file| existing(file, package)).as_deref().and_then(Path::parent) {
        return Ok(beside.join(folder));
    }
    let places = USUAL_PLACES.map(|place| package.join(place).join(folder));
    let has_main = |place: &&PathBuf| place.with_file_name("main.rs").is_file();
    match places.iter().find(|place| place.is_dir()).or_else(|| places.iter().find(has_main)) {
        Some(place) => Ok(place.clone()),
        None => Err(format!(
            "cannot tell which file this is, and there is no folder {}: create one of them with a first case",
            places.map(|place| format!("`{}`", shown(&place, package))).join(" or ")
        )),
    }
}

/// A folder beside this one whose name is nearly the same.
fn alike(folder: &Path) -> Option<PathBuf> {
    let name = folder.file_name()?.to_string_lossy().into_owned();
    let beside = fs::read_dir(folder.parent()?).ok()?;
    let folders =
        beside.filter_map(|entry| entry.ok()).map(|entry| entry.path()).filter(|path| path.is_dir());
    let alike = folders.map(|path| {
        let other = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (strsim::jaro_winkler(&name, &other), path)
    });
    let nearest = alike.filter(|(alike, _)| *alike >= ALIKE).max_by(|(a, _), (b, _)| a.total_cmp(b));
    nearest.map(|(_, path)| path)
}

/// The file on disk. A relative name starts at the folder that the compiler runs in, which is the workspace's root; a
/// build tool that runs it elsewhere leaves the package and the folders above it to try.
fn existing(file: &Path, package: &Path) -> Option<PathBuf> {
    let bases = env::current_dir().into_iter().chain(package.ancestors().map(Path::to_owned));
    bases.map(|base| base.join(file)).find(|path| path.is_file())
}

/// The path as the user knows it: relative to the package, if it is in there, and with `/`.
fn shown(path: &Path, package: &Path) -> String {
    match path.strip_prefix(package) {
        Ok(below) => below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/"),
        Err(_) => path.display().to_string(),
    }
}

/// Why a folder cannot be a suite.
#[derive(Debug)]
enum ListError {
    Unreadable(io::Error),
    /// There is a `mod.rs`.
    OwnModules,
    /// This file or folder has a name that no module can have.
    Name(String),
    /// This module has two files.
    Twice(String),
}

impl From<io::Error> for ListError {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// The files of cases in a folder, sorted: `*.rs`, and folders that have a `mod.rs`. Other folders belong to a file
/// beside them or hold data, and hidden files to an editor.
fn list(folder: &Path) -> Result<Vec<CaseFile>, ListError> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (module, file) = match name.strip_suffix(".rs") {
            _ if name.starts_with('.') => continue,
            Some("mod") => return Err(ListError::OwnModules),
            Some(stem) if path.is_file() => (stem.to_owned(), name.clone()),
            _ if path.join("mod.rs").is_file() => (name.clone(), format!("{name}/mod.rs")),
            _ => continue,
        };
        if !is_module_name(&module) {
            return Err(ListError::Name(name));
        }
        cases.push(CaseFile { module, path: file });
    }
    cases.sort();
    match cases.windows(2).find(|pair| pair[0].module == pair[1].module) {
        Some(pair) => Err(ListError::Twice(pair[0].module.clone())),
        None => Ok(cases),
    }
}

fn is_module_name(name: &str) -> bool {
    syn::parse_str::<Ident>(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that is removed with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn with(test: &str, files: &[&str]) -> Self {
            let root = env::temp_dir().join(format!("proofload-macros-{}-{test}", std::process::id()));
            for file in files {
                let path = root.join(file);
                fs::create_dir_all(path.parent().expect("a folder above the file")).expect("a folder");
                fs::write(path, "").expect("a file");
            }
            Self(root)
        }

        fn find(&self, folder: &str) -> Result<Suite, String> {
            Suite::find(folder, Some(&self.0.join("stress/main.rs")), &self.0)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn case(module: &str, path: &str) -> CaseFile {
        CaseFile { module: module.to_owned(), path: path.to_owned() }
    }

    #[test]
    fn files_and_folders_with_a_mod_file_are_listed_in_order() {
        let folder = Folder::with(
            "listed",
            &[
                "stress/main.rs",
                "stress/cases/search.rs",
                "stress/cases/search/deep.rs",
                "stress/cases/http/mod.rs",
                "stress/cases/http/client.rs",
                "stress/cases/burst.rs",
                "stress/cases/.hidden.rs",
                "stress/cases/notes.md",
                "stress/cases/data/a.json",
            ],
        );
        let cases = vec![case("burst", "burst.rs"), case("http", "http/mod.rs"), case("search", "search.rs")];
        let suite = Suite { folder: "cases".into(), module: "cases".into(), cases };
        assert_eq!(folder.find("cases/"), Ok(suite));
    }

    #[test]
    fn names_that_are_no_modules_are_refused() {
        for (test, files, said) in [
            (
                "dash",
                ["stress/main.rs", "stress/cases/my-case.rs"],
                "`stress/cases/my-case.rs` cannot be a module: its name must be an identifier that is no keyword, \
                 such as `search.rs`",
            ),
            (
                "keyword",
                ["stress/main.rs", "stress/cases/loop/mod.rs"],
                "`stress/cases/loop` cannot be a module: its name must be an identifier that is no keyword, such as \
                 `search.rs`",
            ),
            (
                "own",
                ["stress/main.rs", "stress/cases/mod.rs"],
                "remove `stress/cases/mod.rs`: `proofload::main!` declares the modules of this folder itself",
            ),
        ] {
            assert_eq!(Folder::with(test, &files).find("cases"), Err(said.to_owned()));
        }
        let twice = Folder::with("twice", &["stress/main.rs", "stress/cases/a.rs", "stress/cases/a/mod.rs"]);
        let said = "`stress/cases` has both `a.rs` and `a/mod.rs`: remove one";
        assert_eq!(twice.find("cases"), Err(said.to_owned()));
    }

    #[test]
    fn a_missing_folder_is_a_suite_without_cases_unless_another_was_meant() {
        let folder = Folder::with("missing", &["stress/main.rs", "stress/targets/mod.rs"]);
        let empty = Suite { folder: "cases".into(), module: "cases".into(), cases: Vec::new() };
        assert_eq!(folder.find("cases"), Ok(empty));
        let folder = Folder::with("meant", &["stress/main.rs", "stress/cases/a.rs", "stress/cassette.rs"]);
        let said = "there is no folder `stress/caess`; did you mean `stress/cases`?";
        assert_eq!(folder.find("caess"), Err(said.to_owned()));
        let said = "`my cases` cannot be the folder of a suite: its name becomes a module, so it must be an identifier \
            such as `cases`";
        assert_eq!(folder.find("my cases"), Err(said.to_owned()));
    }

    #[test]
    fn without_a_file_the_usual_places_are_tried() {
        let folder = Folder::with("usual", &["tests/load/a.rs"]);
        let find = |file| Suite::find("load", file, &folder.0).map(|suite| suite.cases);
        assert_eq!(find(None), Ok(vec![case("a", "a.rs")]));
        assert_eq!(find(Some(Path::new("no/such/file.rs"))), Ok(vec![case("a", "a.rs")]));
        assert_eq!(find(Some(Path::new("tests/load/a.rs"))), Ok(Vec::new()), "there is no folder beside it");
        let said = "cannot tell which file this is, and there is no folder `stress/cases` or `tests/cases`: create one \
            of them with a first case";
        assert_eq!(Suite::find("cases", None, &folder.0), Err(said.to_owned()));
        let folder = Folder::with("begun", &["tests/main.rs"]);
        let empty = Suite { folder: "cases".into(), module: "cases".into(), cases: Vec::new() };
        assert_eq!(Suite::find("cases", None, &folder.0), Ok(empty));
    }

    #[test]
    fn a_deeper_folder_says_where_its_modules_are() {
        let render = |folder: &str| {
            let cases = vec![case("a", "a.rs")];
            let suite = Suite { folder: folder.to_owned(), module: "cases".into(), cases };
            suite.render().to_string().split_whitespace().collect::<String>()
        };
        assert!(render("cases").starts_with("modcases{moda;}fnmain()"), "{}", render("cases"));
        assert!(render("x/cases").starts_with("#[path=\"x/cases\"]modcases{moda;}"), "{}", render("x/cases"));
        assert!(render("cases").contains("files:&[\"a.rs\"]"), "{}", render("cases"));
    }
}
