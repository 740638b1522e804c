//! The plan's conditions, checked by the device itself before it downloads and again before it installs.

use crate::board::Status;
use qth_protocol::ota::{Component, Failure};

/// Whether `status` meets the conditions of `component`; the first that it does not meet otherwise.
pub fn check(component: &Component<'_>, status: &Status) -> Result<(), Failure> {
    if component.battery != 0 && status.battery < component.battery {
        return Err(Failure::Battery);
    }
    if component.signal != 0 && status.signal < component.signal {
        return Err(Failure::Signal);
    }
    if status.free < component.space {
        return Err(Failure::Space);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use qth_protocol::ota::Kind;

    const PLAN: Component =
        Component { kind: Kind::Module, name: "m", source: "", target: "2", battery: 30, space: 65536, signal: -100 };
    const GOOD: Status = Status { battery: 30, millivolts: 3700, signal: -100, free: 65536 };

    #[test]
    fn values_equal_to_the_limits_are_enough() {
        assert_eq!(check(&PLAN, &GOOD), Ok(()));
    }

    #[test]
    fn each_value_below_its_limit_is_named() {
        assert_eq!(check(&PLAN, &Status { battery: 29, ..GOOD }), Err(Failure::Battery));
        assert_eq!(check(&PLAN, &Status { signal: -101, ..GOOD }), Err(Failure::Signal));
        assert_eq!(check(&PLAN, &Status { free: 65535, ..GOOD }), Err(Failure::Space));
    }

    #[test]
    fn a_limit_of_0_is_none() {
        let open = Component { battery: 0, space: 0, signal: 0, ..PLAN };
        assert_eq!(check(&open, &Status { battery: 0, millivolts: 0, signal: -140, free: 0 }), Ok(()));
    }
}
