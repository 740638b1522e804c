//! What the Center offers: plans and file information, whole or refused, within the limits that they state.
#![no_main]

use libfuzzer_sys::fuzz_target;
use qth::upgrade::url::Url;
use qth_protocol::ota::FileInfo;
use qth_protocol::ota::Plan;
use qth_protocol::ota::{COMPONENTS_MAX, COMPONENT_MAX, VERSION_MAX};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(plan) = Plan::parse(bytes) {
        assert!((1..=COMPONENTS_MAX).contains(&plan.count()));
        assert_eq!(plan.components().count(), plan.count());
        for (place, component) in (0..).zip(plan.components()) {
            assert!((1..=COMPONENT_MAX).contains(&component.name.len()));
            assert!(component.target.len() <= VERSION_MAX && component.source.len() <= VERSION_MAX);
            assert_eq!(plan.find(component.name), Some((place, component)));
        }
        assert!(plan.leader().is_some());
    }
    if let Ok(file) = FileInfo::parse(bytes) {
        assert!(file.size > 0);
        assert!((1..=COMPONENT_MAX).contains(&file.component.len()));
        assert!((1..=VERSION_MAX).contains(&file.target.len()));
        let _ = Url::parse(file.url);
    }
});
