//! Plan, refusal, confirmation.

use super::{Fetch, FILE_INFO_SECS};
use crate::board::Board;
use crate::device::event::Event;
use crate::device::Core;
use crate::ota::upgrade::{Stage, Upgrade};
use crate::time::Instant;
use qth_flash::records::Key;
use qth_protocol::ota::{BadPlan, Plan, Status};

impl<B: Board> Core<B> {
    /// Command 0x0111. While an upgrade runs another plan is ignored; the Center offers it again.
    pub(in crate::device) fn plan_offered(&mut self, payload: &[u8]) -> Result<(), BadPlan> {
        if !matches!(self.upgrade.state.stage, Stage::Idle | Stage::Offered) {
            return Ok(());
        }
        let confirms_itself = Plan::parse(payload)?.confirms_itself();
        self.upgrade.state = Upgrade::offered(payload, self.upgrade.wants_sha256).ok_or(BadPlan)?;
        let _ = self.records.put(self.board.flash(), Key::Plan, payload);
        self.keep_upgrade();
        self.report(Status::PlanReceived, None);
        if confirms_itself {
            self.upgrade.due = Some(Instant::default());
        } else {
            self.upgrade.plan_told = self.events.push(Event::Plan);
        }
        Ok(())
    }

    /// The application's yes; false without a plan that waits for it.
    pub(in crate::device) fn accept_plan(&mut self, now: Instant) -> bool {
        if self.upgrade.state.stage != Stage::Offered {
            return false;
        }
        self.upgrade.state.stage = Stage::Confirmed;
        self.keep_upgrade();
        self.report(Status::Confirmed, None);
        self.upgrade.due = Some(now.after_secs(FILE_INFO_SECS));
        true
    }

    /// The application's no, which counts until the restart into the new firmware is due.
    pub(in crate::device) fn refuse_plan(&mut self, download: &mut Fetch) -> bool {
        let refusable =
            matches!(self.upgrade.state.stage, Stage::Offered | Stage::Confirmed | Stage::Downloading | Stage::Downloaded);
        if refusable {
            self.stop_download(download);
            self.report(Status::Refused, None);
            self.forget_upgrade();
        }
        refusable
    }
}
