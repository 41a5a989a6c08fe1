//! `comity schema`: the JSON Schemas of deal files.

use std::fs;

use comity_lang::{FileKind, json_schema};

use crate::args::SchemaArgs;
use crate::commands::Outcome;
use crate::render::print;
use crate::status;

pub(crate) fn run(args: &SchemaArgs) -> Outcome {
    if let Some(folder) = &args.out {
        fs::create_dir_all(folder)?;
        for kind in FileKind::ALL {
            let path = folder.join(format!("{}.schema.json", kind.name()));
            fs::write(&path, json_schema(kind))
                .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
        }
        return Ok(status::CLEAN);
    }
    let word = args.kind.as_deref().unwrap_or_default();
    let Some(kind) = FileKind::ALL.into_iter().find(|kind| kind.name() == word) else {
        let kinds: Vec<&str> = FileKind::ALL.iter().map(|kind| kind.name()).collect();
        return Err(
            format!("unknown kind of file `{word}`: expected one of {}", kinds.join(", ")).into()
        );
    };
    print(&json_schema(kind))?;
    Ok(status::CLEAN)
}
