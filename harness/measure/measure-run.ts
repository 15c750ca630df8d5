import { History } from '../history/history.ts';
import type { HistoryRecord } from '../history/records.ts';
import type { Plan } from '../scenario/plan.ts';
import { type Agreement, measureAgreement } from './agreement.ts';
import { measureApplications, type ZoneOperations } from './application.ts';
import { type BlockIo, measureBlockIo } from './block-io.ts';
import { type ControlPlaneMeasurement, measureControl } from './control.ts';
import { type Copy, measureCopy } from './copy.ts';
import { type Crashes, measureCrashes } from './crashes.ts';
import { type DatabasesMeasurement, measureDatabases } from './databases.ts';
import { type Dose, measureDose } from './dose.ts';
import { type Elections, measureElections } from './elections.ts';
import { type Fabric, measureFabric } from './fabric.ts';
import { type Frame, frameOf } from './frame.ts';
import { type Ledger, measureLedger } from './ledger.ts';
import { type Machine, measureMachine } from './load-on-machine.ts';
import { type Loss, measureLoss } from './loss.ts';
import { measureRecorded, type Recorded } from './misfits.ts';
import { type MultiZone, measureMultiZone } from './multi-zone.ts';
import { measureOperator, type OperatorMeasurement } from './operator.ts';
import { measureQueues, type Queue } from './queues.ts';
import { measureSearch, type Search } from './search.ts';
import { measureSeries, type Series } from './series.ts';
import { measureSnapshots, type Snapshots } from './snapshots.ts';
import { measureStorm, type StormMeasurement } from './storm.ts';

/** Everything measured of a run. Depends on the plan and the records alone, never on when it is computed. */
export interface Measurements {
  readonly frame: Frame;
  readonly recorded: Recorded;
  readonly loss: Loss;
  readonly storm: StormMeasurement;
  readonly search: Search;
  readonly crashes: Crashes;
  readonly copy: Copy;
  readonly elections: Elections;
  readonly controlPlane: ControlPlaneMeasurement;
  readonly operator: OperatorMeasurement;
  readonly snapshots: Snapshots;
  readonly agreement: readonly Agreement[];
  readonly dose: Dose;
  readonly fabric: Fabric;
  readonly queues: readonly Queue[];
  readonly applications: readonly ZoneOperations[];
  readonly blockIo: readonly BlockIo[];
  readonly databases: DatabasesMeasurement;
  readonly multiZone: MultiZone;
  readonly ledger: Ledger;
  readonly machine: Machine;
  readonly series: Series;
}

export function measureRun(plan: Plan, records: Iterable<HistoryRecord>): Measurements {
  const frame = frameOf(plan, new History(records));
  const loss = measureLoss(frame);
  const storm = measureStorm(frame, loss.volumesLosingPartner, loss.freeSlotsBefore);
  const search = measureSearch(frame, loss);
  const crashes = measureCrashes(frame, search);
  return {
    frame,
    recorded: measureRecorded(frame),
    loss,
    storm,
    search,
    crashes: crashes.result,
    copy: measureCopy(frame, storm.states, storm.window),
    elections: measureElections(frame),
    controlPlane: measureControl(frame),
    operator: measureOperator(frame, storm),
    snapshots: measureSnapshots(frame),
    agreement: measureAgreement(frame, loss, storm),
    dose: measureDose(frame),
    fabric: measureFabric(frame),
    queues: measureQueues(frame),
    applications: measureApplications(frame),
    blockIo: measureBlockIo(frame),
    databases: measureDatabases(frame),
    multiZone: measureMultiZone(frame),
    ledger: measureLedger(frame),
    // Not for longer, though numbers are taken afterwards too: the calm of that time would hide a saturated second.
    machine: measureMachine(frame, { startT: frame.zeroT, endT: storm.window.endT }),
    series: measureSeries(frame, storm, crashes.quarantined),
  };
}
