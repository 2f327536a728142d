/**
 * Bundles usher into files that run without node_modules: `node deploy/images/bundle.ts [COMMAND…]` writes them into
 * dist/bundle/. A process of a bundle has half the memory of one of many files.
 *
 * COMMAND.mjs runs that command, usher.mjs any; what several of them need stands once, in chunks beside them, and what
 * a command imports late is loaded late. So no process loads what it does not need, and the image holds nothing twice.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build as runEsbuild, type Metafile, type Plugin } from 'esbuild'
import { commands } from '../../src/cli/main.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const sources = join(root, 'src/cli')

/** Bundles one command, and gives back its file. */
export async function bundle(command: string): Promise<string> {
  const folder = join(root, 'dist/bundle')
  await write([command], folder)
  return join(folder, `${command}.mjs`)
}

/** Bundles usher.mjs and every command into a folder of their own; what was in it is gone. Tells what was put in. */
export async function bundleAll(folder: string): Promise<Metafile> {
  await rm(folder, { recursive: true, force: true })
  return write(['usher', ...bundledCommands], folder)
}

// It plays the sources themselves: the example manifests, and a C compiler builds the native programs.
const leftOut = 'demo'

/** The commands that have a bundle of their own; those of a group are in usher.mjs alone, as no image starts with one. */
export const bundledCommands = Object.entries(commands).flatMap(([name, entry]) => (name === leftOut || 'verbs' in entry ? [] : [name]))

async function write(names: readonly string[], outdir: string): Promise<Metafile> {
  const { metafile } = await runEsbuild({
    metafile: true,
    entryPoints: names.map((name) => ({ in: `entry:${name}`, out: name })),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    minify: true,
    loader: { '.yaml': 'text' },
    keepNames: true,
    // For the packages in it that are not modules.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    plugins: [entries, leanClient],
    logLevel: 'warning',
  })
  return metafile
}

const entries: Plugin = {
  name: 'entries',
  setup(build) {
    build.onResolve({ filter: /^entry:/ }, ({ path }) => ({ path: path.slice('entry:'.length), namespace: 'entry' }))
    build.onLoad({ filter: /.*/, namespace: 'entry' }, ({ path }) => ({ contents: entryOf(path), loader: 'ts', resolveDir: sources }))
    build.onLoad({ filter: /[\\/]src[\\/]cli[\\/]demo\.ts$/ }, () => ({ contents: demoStub, loader: 'ts', resolveDir: sources }))
    build.onLoad({ filter: /[\\/]src[\\/]cli[\\/]chart-manifest\.ts$/ }, () => ({ contents: manifestInside, loader: 'ts', resolveDir: sources }))
  },
}

// Run, an entry runs its command; imported, it only exports it.
function entryOf(name: string): string {
  if (name === 'usher') {
    return `import { main } from './main.ts'
if (import.meta.main) await main(process.argv.slice(2))
export { main }
`
  }
  const command = `${name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())}Command`
  return `import { runCommand } from './run-command.ts'
import { ${command} } from './${name}.ts'
if (import.meta.main) process.exitCode = await runCommand(${command}, process.argv.slice(2))
export { ${command} }
`
}

/**
 * Of the Kubernetes client only what is used: its package does not say that importing a module of it does nothing, so
 * that all its hundreds of models would be in every process; and src/kube/request.ts has no need of undici, a second
 * HTTP client beside Node's own. Together that saves a lock 22 MB.
 */
const leanClient: Plugin = {
  name: 'lean-client',
  setup(build) {
    build.onResolve({ filter: /.*/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === seen || (path !== clientName && !isClient(importer))) return undefined
      if (path === 'undici') return { path, namespace: 'without' }
      const found = await build.resolve(path, { importer, resolveDir, kind, pluginData: seen })
      return isClient(found.path) ? { path: found.path, sideEffects: false } : undefined
    })
    build.onLoad({ filter: /.*/, namespace: 'without' }, () => ({ contents: withoutUndici }))
  },
}

const clientName = '@kubernetes/client-node'

function isClient(path: string): boolean {
  return path.includes(`/node_modules/${clientName}/`)
}

const seen = 'seen'

const withoutUndici = `class Without { constructor() { throw new Error('undici is not part of the bundle') } }
export { Without as Agent, Without as ProxyAgent, Without as fetch }
`

// An image has no folder of the chart: `usher install` has it with it.
const manifestInside = `import text from '../../deploy/usher.yaml'
export const chartManifest = async () => text
`

const demoStub = `import type { Command } from './command.ts'
export const demoCommand: Command = {
  name: 'demo',
  summary: 'is not part of the image',
  description: 'The demo plays the sources of usher, with a C compiler: run it in a checkout, npm ci && npm run demo.',
  flags: {},
  examples: ['npm ci && npm run demo'],
  async run() {
    throw new Error('the demo is not part of the image; in a checkout of usher: npm ci && npm run demo')
  },
}
`

if (import.meta.main) {
  const named = process.argv.slice(2)
  if (named.length === 0) await bundleAll(join(root, 'dist/bundle'))
  for (const name of named) process.stdout.write(`${await bundle(name)}\n`)
}
