//! What `table!` says about the columns of a model's table, for the audit to compare with a database.

use diesel::pg::{Pg, PgMetadataLookup, PgTypeMetadata};
use diesel::query_source::{Column, Table};
use diesel::sql_types::{HasSqlType, SqlType, is_nullable};

use crate::model::ScopedTable;
use crate::seal::Seal;

/// A column of a model's table, as `table!` declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelColumn {
    /// Its name in the database.
    pub name: &'static str,
    /// Whether it is `Nullable`.
    pub nullable: bool,
    /// The type that diesel reads and writes.
    pub sql_type: ModelType,
}

/// The type of a [`ModelColumn`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelType {
    /// A type of PostgreSQL's own, by its number, which is the same in all databases.
    BuiltIn(u32),
    /// A type that each database has a number of its own for.
    Named {
        /// The schema, where one is declared.
        schema: Option<String>,
        /// The name.
        name: String,
        /// Whether the column is an array of it.
        array: bool,
    },
}

impl ModelType {
    /// Diesel asks for the number of a named type, and says with it whether it is about the type or an array of it.
    fn of<T>() -> Self
    where
        Pg: HasSqlType<T>,
    {
        /// No types of PostgreSQL have these numbers.
        const ITSELF: u32 = 1;
        const ARRAY: u32 = 2;

        struct Asked(Option<(Option<String>, String)>);

        impl PgMetadataLookup for Asked {
            fn lookup_type(&mut self, name: &str, schema: Option<&str>) -> PgTypeMetadata {
                self.0 = Some((schema.map(str::to_owned), name.to_owned()));
                PgTypeMetadata::new(ITSELF, ARRAY)
            }
        }

        let mut asked = Asked(None);
        let oid = <Pg as HasSqlType<T>>::metadata(&mut asked).oid().unwrap_or_default();
        match asked.0 {
            Some((schema, name)) => Self::Named { schema, name, array: oid == ARRAY },
            None => Self::BuiltIn(oid),
        }
    }
}

/// The columns of a table, a tuple.
pub trait Columns {
    #[doc(hidden)]
    fn describe() -> Vec<ModelColumn>;

    #[doc(hidden)]
    fn __only_crow_implements_this(_: Seal);
}

/// A column with a type that PostgreSQL can have.
pub trait Described {
    #[doc(hidden)]
    fn describe() -> ModelColumn;

    #[doc(hidden)]
    fn __only_crow_implements_this(_: Seal);
}

/// Whether a type is `Nullable`, as a value.
pub trait Nullability {
    #[doc(hidden)]
    const NULLABLE: bool;

    #[doc(hidden)]
    fn __only_crow_implements_this(_: Seal);
}

impl Nullability for is_nullable::IsNullable {
    const NULLABLE: bool = true;

    fn __only_crow_implements_this(_: Seal) {}
}

impl Nullability for is_nullable::NotNull {
    const NULLABLE: bool = false;

    fn __only_crow_implements_this(_: Seal) {}
}

impl<C> Described for C
where
    C: Column<SqlType: SqlType<IsNull: Nullability>>,
    Pg: HasSqlType<C::SqlType>,
{
    fn describe() -> ModelColumn {
        let nullable = <C::SqlType as SqlType>::IsNull::NULLABLE;
        ModelColumn { name: C::NAME, nullable, sql_type: ModelType::of::<C::SqlType>() }
    }

    fn __only_crow_implements_this(_: Seal) {}
}

macro_rules! columns_in_tuples {
    () => {};
    ($first:ident $($rest:ident)*) => {
        impl<$first: Described, $($rest: Described),*> Columns for ($first, $($rest,)*) {
            fn describe() -> Vec<ModelColumn> {
                vec![$first::describe(), $($rest::describe()),*]
            }

            fn __only_crow_implements_this(_: Seal) {}
        }
        columns_in_tuples!($($rest)*);
    };
}

// As many as diesel has at most, with its feature `128-column-tables`.
columns_in_tuples!(
    C1 C2 C3 C4 C5 C6 C7 C8 C9 C10 C11 C12 C13 C14 C15 C16 C17 C18 C19 C20 C21 C22 C23 C24 C25 C26 C27 C28 C29 C30 C31 C32
    C33 C34 C35 C36 C37 C38 C39 C40 C41 C42 C43 C44 C45 C46 C47 C48 C49 C50 C51 C52 C53 C54 C55 C56 C57 C58 C59 C60 C61 C62
    C63 C64 C65 C66 C67 C68 C69 C70 C71 C72 C73 C74 C75 C76 C77 C78 C79 C80 C81 C82 C83 C84 C85 C86 C87 C88 C89 C90 C91 C92
    C93 C94 C95 C96 C97 C98 C99 C100 C101 C102 C103 C104 C105 C106 C107 C108 C109 C110 C111 C112 C113 C114 C115 C116 C117
    C118 C119 C120 C121 C122 C123 C124 C125 C126 C127 C128
);

/// The columns of a table, for the registry.
pub fn table_columns<T: ScopedTable<AllColumns: Columns>>() -> Vec<ModelColumn> {
    <T as Table>::AllColumns::describe()
}
