//! Enums whose variants have a number and a text, each said once.

/// Defines an enum from rows `Name = number => "text"`, with its numbers, its texts, and the way back from a number.
/// `if "feature"` behind the number: only firmware with that feature has the row.
macro_rules! coded {
    (
        $(#[$about:meta])*
        enum $enum:ident, $(#[$about_text:meta])* fn $text:ident {
            $( $(#[$row:meta])* $name:ident = $code:literal $(if $feature:literal)? => $words:literal, )+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $enum {
            $( $(#[$row])* $(#[cfg(feature = $feature)])? $name = $code, )+
        }

        impl $enum {
            /// All of them, in the order of their numbers.
            pub const ALL: &'static [Self] = &[ $( $(#[cfg(feature = $feature)])? Self::$name, )+ ];

            $(#[$about_text])*
            pub const fn $text(self) -> &'static str {
                match self {
                    $( $(#[cfg(feature = $feature)])? Self::$name => $words, )+
                }
            }

            /// The one with this number.
            pub const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $( $(#[cfg(feature = $feature)])? $code => Some(Self::$name), )+
                    _ => None,
                }
            }
        }
    };
}
