//! Tests of the known codecs and levels, and of the errors for others.

use dekaf::error::ErrorKind;
use dekaf::record::{Codec, Compression};
use zstd::zstd_safe::{max_c_level, min_c_level};

#[test]
fn codecs_have_kafkas_names_and_numbers() {
    let kafkas = ["none", "gzip", "snappy", "lz4", "zstd"];
    for (id, (codec, name)) in (0..).zip(Codec::ALL.into_iter().zip(kafkas)) {
        assert_eq!((codec.id(), codec.name(), codec.to_string().as_str()), (id, name, name));
        assert_eq!(Codec::from_id(id), Some(codec));
        assert_eq!(name.parse::<Codec>().unwrap(), codec);
    }
    assert_eq!(Codec::from_id(-1), None);
    assert_eq!(Codec::from_id(5), None);
}

#[test]
fn unknown_codecs_are_refused_with_a_list_of_codecs() {
    for name in ["", "GZIP", "brotli", " lz4", "zstandard"] {
        let error = name.parse::<Codec>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let message = error.to_string();
        assert!(message.starts_with(&format!("compression: \"{name}\"")), "{message}");
        for codec in Codec::ALL {
            assert!(message.contains(&format!("\"{codec}\"")), "{message}");
        }
    }
}

#[test]
fn levels_default_to_the_codecs_own() {
    let level = |codec| Compression::new(codec, None).unwrap().level();
    assert_eq!(Codec::ALL.map(level), [0, 6, 0, 0, 3]);
    assert_eq!(Compression::new(Codec::None, None).unwrap(), Compression::NONE);
}

#[test]
fn levels_are_those_of_the_codec() {
    let allowed = |codec, level| Compression::new(codec, Some(level)).is_ok();
    for level in -20..40 {
        assert_eq!(allowed(Codec::Gzip, level), (1..=9).contains(&level), "{level}");
        assert_eq!(allowed(Codec::Zstd, level), level != 0 && level <= 22, "{level}");
        for codec in [Codec::None, Codec::Snappy, Codec::Lz4] {
            assert!(!allowed(codec, level), "{codec} {level}");
        }
    }
    assert!(allowed(Codec::Zstd, -131_072) && !allowed(Codec::Zstd, -131_073));
    assert!(!allowed(Codec::Zstd, i32::MIN) && !allowed(Codec::Gzip, i32::MAX));
    // The limits in `config`, which does not use the library, must equal those of the library.
    assert_eq!((min_c_level(), max_c_level()), (-131_072, 22));
}

#[test]
fn invalid_levels_are_refused_with_the_valid_ones() {
    let said = |codec, level| {
        let error = Compression::new(codec, Some(level)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.to_string()
    };
    let start = "compression_level: 99 is not allowed; ";
    let reasons = [
        (Codec::Gzip, "gzip takes 1 (fastest) to 9 (smallest)"),
        (Codec::Zstd, "zstd takes 1 to 22, or -131072 to -1 to be faster still"),
        (Codec::Lz4, "lz4 has one level, the fast one: leave compression_level out"),
        (Codec::Snappy, "snappy has no levels: leave compression_level out"),
        (Codec::None, "it needs a compression that has levels: \"gzip\" or \"zstd\""),
    ];
    for (codec, reason) in reasons {
        assert_eq!(said(codec, 99), format!("{start}{reason}"));
    }
}
