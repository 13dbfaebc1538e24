//! The schema: its version in the one `meta` table, and the steps from each version to the next, all in one transaction.

mod v1_to_v2;
mod v2_to_v3;
mod v3_to_v4;

use redb::{Database, ReadableDatabase as _, TableDefinition, TableError, WriteTransaction};

use crate::share::LedgerError;
use crate::store::error::{StoreError, failed};
use crate::store::ledger::{TABLES, definition};

/// Facts about the database itself.
const META: TableDefinition<&str, u32> = TableDefinition::new("meta");
/// The schema's version, in `meta`.
const VERSION: &str = "schema";

/// Takes a database one version up.
type Step = fn(&WriteTransaction) -> Result<(), redb::Error>;

/// The step from version `i` to version `i + 1`. Steps are only ever added.
const STEPS: &[Step] = &[create_tables, v1_to_v2::step, v2_to_v3::step, v3_to_v4::step];

/// Version 1: the tables of the domain.
fn create_tables(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    for table in TABLES {
        transaction.open_table(definition(table))?;
    }
    Ok(())
}

/// Brings a database, new or old, to the newest version.
pub fn migrate(database: &Database) -> Result<(), StoreError> {
    migrate_by(database, STEPS)
}

fn migrate_by(database: &Database, steps: &[Step]) -> Result<(), StoreError> {
    let known = u32::try_from(steps.len()).expect("there are a few steps");
    let found = version(database).map_err(|error| StoreError::Failed(failed(error)))?;
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    if found == known {
        return Ok(());
    }
    let run = || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        for step in &steps[found as usize..] {
            step(&transaction)?;
        }
        transaction.open_table(META)?.insert(VERSION, known)?;
        Ok(transaction.commit()?)
    };
    run().map_err(|error| StoreError::Failed(failed(error)))?;
    if found > 0 {
        log::info!("database brought from schema {found} to {known}");
    }
    Ok(())
}

/// The version of a database; 0 where nothing was written yet.
fn version(database: &Database) -> Result<u32, redb::Error> {
    let table = match database.begin_read()?.open_table(META) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    Ok(table.get(VERSION)?.map_or(0, |version| version.value()))
}

/// Writes what is written already: whether the database takes anything.
pub fn touch(database: &Database) -> Result<(), LedgerError> {
    let write = || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        stamp(&transaction)?;
        Ok(transaction.commit()?)
    };
    write().map_err(failed)
}

/// Whether this is a database of ours, of whatever version.
pub fn is_ours(database: &Database) -> Result<bool, LedgerError> {
    version(database).map(|version| version > 0).map_err(failed)
}

/// Says in a copy which version it is.
pub fn stamp(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    transaction.open_table(META)?.insert(VERSION, STEPS.len() as u32)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use redb::ReadableTable as _;
    use redb::backends::InMemoryBackend;

    fn empty() -> Database {
        Database::builder().create_with_backend(InMemoryBackend::new()).expect("memory")
    }

    fn rows(database: &Database) -> Vec<Vec<u8>> {
        let table = database.begin_read().expect("read").open_table(definition("accounts")).expect("table");
        table.iter().expect("rows").map(|row| row.expect("row").1.value().to_vec()).collect()
    }

    fn step_two(transaction: &WriteTransaction) -> Result<(), redb::Error> {
        transaction.open_table(definition("accounts"))?.insert(&b"b"[..], &b"two"[..])?;
        Ok(())
    }

    fn broken_step(transaction: &WriteTransaction) -> Result<(), redb::Error> {
        step_two(transaction)?;
        Err(redb::Error::Corrupted("a step that fails".into()))
    }

    #[test]
    fn an_old_database_is_brought_up_with_its_rows() {
        let database = empty();
        migrate_by(&database, &[create_tables]).expect("version 1");
        let transaction = database.begin_write().expect("write");
        transaction.open_table(definition("accounts")).expect("table").insert(&b"a"[..], &b"one"[..]).expect("row");
        transaction.commit().expect("commit");

        assert!(migrate_by(&database, &[create_tables, broken_step]).is_err());
        assert_eq!(
            (version(&database).expect("version"), rows(&database)),
            (1, vec![b"one".to_vec()]),
            "all or nothing"
        );

        migrate_by(&database, &[create_tables, step_two]).expect("version 2");
        assert_eq!(version(&database).expect("version"), 2);
        assert_eq!(rows(&database), [b"one".to_vec(), b"two".to_vec()]);
    }

    #[test]
    fn a_newer_database_is_refused_and_left_alone() {
        let database = empty();
        let newer = [STEPS, &[step_two]].concat();
        migrate_by(&database, &newer).expect("the next version");
        let error = migrate(&database).expect_err("too new");
        assert!(error.to_string().contains("newer lareira"), "{error}");
        assert_eq!(version(&database).expect("version") as usize, newer.len());
    }
}
