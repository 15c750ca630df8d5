import { ExpectationError } from '../check/expectation/expectation.ts';
import { nameProblems } from '../check/expectation/name-problems.ts';
import { parseExpectation } from '../check/expectation/parse-expectation.ts';
import type { ActionLanguage } from './action-language.ts';
import { DRY_RUN_BLOCK } from './address-block.ts';
import { BadInputError, type Located, type Place, type Problem, problemAt, throwIfAny } from './bad-input-error.ts';
import { drawPhases } from './draw-faults.ts';
import type { FaultLanguage, Laid } from './fault-language.ts';
import { type KnownNames, namesOfEvents, namesOfPlan } from './known-names.ts';
import { layOut } from './lay-out.ts';
import { expectedName } from './nearest-name.ts';
import { databaseProblems, placeDatabases } from './place-databases.ts';
import { multiZoneProblems, placeMultiZoneDatabases, withoutThoseOf } from './place-multi-zone-databases.ts';
import { placeVolumes } from './place-volumes.ts';
import { type Parameter, type Plan, RECORDS_OF_APP } from './plan.ts';
import { freeSlots, predictStorm } from './predict-storm.ts';
import { eventProblems, type ScenarioEvent } from './read-event.ts';
import { type ResolvedParameters, resolveParameters } from './resolve-parameters.ts';
import type { Scenario } from './scenario.ts';
import type { Topology } from './topology.ts';
import { witnessesOf } from './witnesses.ts';

export interface BuildPlanOptions {
  readonly scenario: Scenario;
  readonly topology: Topology;
  /** What its run is set beside. */
  readonly event?: ScenarioEvent | null | undefined;
  /** What the scenario's faults may be. */
  readonly faults: FaultLanguage;
  /** What operators may do; nothing when left out. */
  readonly actions?: ActionLanguage | undefined;
  /** The scenario's default when left out, or else its first. */
  readonly preset?: string | undefined;
  readonly seed: number;
  readonly overrides: Readonly<Record<string, string>>;
  /** An aligned /22, such as `198.18.4.0/22`. */
  readonly block?: string | undefined;
  /** Names that expectations may use, given zones and applications; others are refused. Any name is taken when left out. */
  readonly knownNames?: KnownNames | undefined;
}

/** The sector of the instances' writes (see the ledger): an extent is a whole number of these. */
const SECTOR_BYTES = 4096;

/**
 * Makes the plan. Pure: the same inputs give the same plan, and another block changes nothing but addresses.
 * @throws BadInputError
 */
export function buildPlan(options: BuildPlanOptions): Plan {
  const { scenario, topology, seed, overrides, block = DRY_RUN_BLOCK, knownNames } = options;
  const preset = presetOf(scenario, options.preset);
  const parameters = resolveParameters(scenario, topology, preset, overrides);
  const laid = layOut(topology, parameters, block);
  const names = knownNames && namesOfPlan(laid, knownNames);
  const problems: Problem[] = [
    ...contradictions(topology, laid, parameters),
    ...databaseProblems(topology, parameters),
    ...multiZoneProblems(topology, parameters),
    ...scenario.expectations.flatMap((expectation) => expectationProblems(expectation, names)),
    ...(options.event ? eventProblems(options.event, knownNames && namesOfEvents(laid, knownNames)) : []),
  ];
  const phases = drawPhases(scenario, options.faults, options.actions ?? [], parameters, laid, seed, problems);
  throwIfAny(problems);

  const volumes = topology.zones
    .filter((zone) => !zone.regionWide)
    .flatMap(({ id }) => {
      const nodes = laid.containers.filter((container) => container.zone === id && container.role === 'node');
      const count = parameters.number(`zones.${id}.volumes`);
      return placeVolumes(
        id,
        nodes.map((node) => node.id),
        count,
        seed,
      );
    });
  const multiZoneDatabases = placeMultiZoneDatabases(laid.containers, volumes, parameters.load);
  const plan: Plan = {
    schemaVersion: 2,
    scenario: { name: scenario.name, file: scenario.file, title: scenario.title },
    topology: { file: topology.file },
    preset,
    seed,
    overrides,
    parameters: parameters.rows,
    ...laid,
    witnesses: witnessesOf(laid, phases),
    volumes,
    databases: placeDatabases(laid.containers, withoutThoseOf(multiZoneDatabases, volumes), parameters.load),
    multiZoneDatabases,
    storage: parameters.storage,
    load: parameters.load,
    phases,
    expectations: scenario.expectations.map(({ value, at }) => ({ text: value, file: at.file, line: at.line })),
    ...(options.event ? { event: options.event.event } : {}),
  };
  return { ...plan, parameters: [...plan.parameters, ...derivedParameters(plan)] };
}

function presetOf(scenario: Scenario, asked: string | undefined): string {
  const names = [...scenario.presets.keys()];
  const preset = asked ?? scenario.defaultPreset?.value ?? names[0] ?? '';
  if (scenario.presets.has(preset)) return preset;
  const given: Place = { file: `--preset ${preset}`, line: 1, column: 1 };
  const at = asked === undefined ? (scenario.defaultPreset?.at ?? given) : given;
  throw new BadInputError(problemAt(at, `the preset \`${preset}\``, expectedName(preset, names, 'preset')));
}

/** Numbers that are each fine and do not fit together. Each is reported where one of the two was written. */
function contradictions(topology: Topology, laid: Laid, parameters: ResolvedParameters): Problem[] {
  const { storage, load } = parameters;
  const problems: Problem[] = [];
  const require = (holds: boolean, name: string, found: string, expected: string): void => {
    if (!holds) problems.push(problemAt(parameters.placeOf(name), found, expected));
  };
  for (const zone of topology.zones.filter((candidate) => !candidate.regionWide)) {
    const volumes = parameters.number(`zones.${zone.id}.volumes`);
    const slots = parameters.number(`zones.${zone.id}.nodes`) * storage.slotsPerNode;
    const found = `${slots} slots in ${zone.id}`;
    require(2 * volumes <=
      slots, 'storage.slotsPerNode', found, `at least its ${2 * volumes} replicas (two of each volume)`);
    const apps = laid.containers.filter((container) => container.zone === zone.id && container.role === 'app').length;
    require(apps === 0 ||
      volumes > 0, `zones.${zone.id}.volumes`, 'an application without a volume', 'at least one volume');
    const records = Math.min(load.appVolumes, volumes) * Math.floor(storage.volumeBytes / 2 / SECTOR_BYTES);
    require(volumes === 0 ||
      records >=
        apps *
          RECORDS_OF_APP, 'load.appVolumes', `room for ${records} records of the applications of ${zone.id}`, `${apps * RECORDS_OF_APP} at least, ${RECORDS_OF_APP} of each: more or larger volumes`);
  }
  require(storage.searchServiceMinMs <=
    storage.searchServiceMaxMs, 'storage.searchServiceMinMs', `${storage.searchServiceMinMs} ms`, `at most storage.searchServiceMaxMs, ${storage.searchServiceMaxMs} ms`);
  require(storage.heartbeatMs <
    storage.detectorMs, 'storage.heartbeatMs', `a heartbeat every ${storage.heartbeatMs} ms`, `less than storage.detectorMs, ${storage.detectorMs} ms, or every node would lose every other`);
  const half = storage.volumeBytes / 2;
  require(load.writeBytes % SECTOR_BYTES === 0 &&
    half % load.writeBytes ===
      0, 'load.writeBytes', `${load.writeBytes} bytes`, `a multiple of ${SECTOR_BYTES} that divides half of a volume (${half} bytes)`);
  return problems;
}

/** Of an expectation that does not read, or names what is not measured or takes other arguments; any name is taken without `knownNames`. */
export function expectationProblems(
  expectation: Located<string>,
  knownNames: readonly string[] | undefined,
): Problem[] {
  const { value, at } = expectation;
  const place = (column: number): Place => ({ ...at, column: at.column + column - 1 });
  try {
    const { left, right } = parseExpectation(value);
    if (knownNames === undefined) return [];
    return nameProblems([left, right], knownNames).map(({ column, found, expected }) =>
      problemAt(place(column), found, expected),
    );
  } catch (error) {
    if (!(error instanceof ExpectationError)) throw error;
    return [problemAt(place(error.column), `${error.found} in \`${value}\``, error.expected)];
  }
}

/** What follows from the chosen numbers, shown beside them. */
function derivedParameters(plan: Plan): Parameter[] {
  const derived = (name: string, value: number, unit: string, why: string): Parameter => {
    return { name, value: Number(value.toPrecision(4)), unit, origin: 'derived', why };
  };
  const rows = plan.zones
    .filter((zone) => zone.planes.some((plane) => plane.router !== null))
    .map(({ id }) => {
      const why = 'Nodes × slots − 2 × volumes, before the run.';
      return derived(`zones.${id}.freeSlots`, freeSlots(plan, id), 'slots', why);
    });
  const queues = plan.routers.map(({ id, queueBytes, capacityMbit }) => {
    const why = 'Its queue ÷ its capacity: how long a byte waits behind a full queue (headers not counted).';
    return derived(`routers.${id}.queueSeconds`, (queueBytes * 8) / (capacityMbit * 1e6), 's', why);
  });
  const storm = predictStorm(plan);
  if (storm === null) return [...rows, ...queues];
  return [
    ...rows,
    ...queues,
    derived('predicted.D', storm.D, 'volumes', 'By the placement: volumes with a replica on a misrouted node.'),
    derived('predicted.stuckShare', storm.stuckShare, 'share', 'By the placement: (D − F) / V, not below 0.'),
    derived('predicted.copySecondsMin', storm.copySecondsMin, 's', 'F volumes ÷ the whole replication capacity.'),
  ];
}
