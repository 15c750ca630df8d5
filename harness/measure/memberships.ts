import type { Frame } from './frame.ts';

/** A volume's members as the control plane had them from `t` on. `mirror`: confirmed only. */
export interface Members {
  readonly t: number;
  readonly primary: string;
  readonly mirror: string | null;
  readonly joining: string | null;
}

/** Every volume's members over time, by the control plane's elections; before the first one, as the plan places them. */
export class Memberships {
  readonly #byVolume: ReadonlyMap<string, readonly Members[]>;

  constructor({ plan, history }: Frame) {
    const elections = Map.groupBy(history.of('election'), (record) => record.volume);
    this.#byVolume = new Map(
      plan.volumes.map(({ id, primary, mirror }) => {
        const placed: Members = { t: Number.NEGATIVE_INFINITY, primary, mirror, joining: null };
        return [id, [placed, ...(elections.get(id) ?? [])]];
      }),
    );
  }

  /** In order of time. */
  changesOf(volume: string): readonly Members[] {
    return this.#byVolume.get(volume) ?? [];
  }

  /** Ids of the volumes of which the node had a confirmed or joining replica then. */
  on(node: string, t: number): readonly string[] {
    return [...this.#byVolume.keys()].filter((volume) => {
      const members = this.at(volume, t);
      return members !== undefined && [members.primary, members.mirror, members.joining].includes(node);
    });
  }

  /** `undefined`: the plan has no such volume. */
  at(volume: string, t: number): Members | undefined {
    return this.changesOf(volume).findLast((members) => members.t <= t);
  }
}
