interface Named {
  readonly zone: string;
  readonly app?: string | undefined;
}

/** `use1-a`; where its zone has others, with the application's own name: `use1-a, a-shop`. */
export function applicationLabel({ zone, app }: Named, all: readonly Named[]): string {
  const alone = all.filter((other) => other.zone === zone).length === 1;
  return alone || app === undefined ? zone : `${zone}, ${app}`;
}
