import { readObjects, type WantedObjects } from '../install/read-objects.ts'
import { type InstallSettings, withSettings } from '../install/settings.ts'
import { plainLayout } from '../manifest/layout.ts'
import { printBlock } from '../manifest/print.ts'
import manifest from '../../package.json' with { type: 'json' }
import { clusterFlags, joinAdmin, readNamespace } from './admin-cluster.ts'
import { changeFlags, readDryRun, readTimeout } from './change-flags.ts'
import { chartManifest } from './chart-manifest.ts'
import { type Command, type FlagValues, UsageError } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { runInstall } from './install-run.ts'
import { findSources } from './manifest-sources.ts'
import { outputFlow } from './output-flow.ts'
import { readManifests, textSource } from './read-manifests.ts'
import { InterruptedError, untilInterrupted } from './until-interrupted.ts'

// What the manifest that comes with usher has.
const usualNamespace = 'usher-system'

/** `usher install` */
export const installCommand: Command = {
  name: 'install',
  summary: 'put usher into a cluster, and wait until it works',
  description:
    "Applies the objects of usher's chart to a cluster (server-side apply, as usher-install): those that come with this command, or what " +
    'helm template has rendered with values of your own. The API server tries all of them first, and where it refuses one, nothing ' +
    'is changed. The webhook is registered last, when it runs. It ends when a pod really comes back injected, by a dry run, in a ' +
    'namespace in which usher is on, or with a label of its own in default; else, after --timeout, it says what is missing, as usher check ' +
    'does. Again it changes nothing, mends what is missing, goes on with what was broken off, and takes out what it has put in and is ' +
    'no longer part of the chart. Running pods stay as they are. What Helm or others have installed is left alone. The exit code is 1 where ' +
    'it cannot be installed, or does not work; 2 for wrong usage; 3 where the cluster cannot be reached.',
  flags: {
    kubeconfig: clusterFlags.kubeconfig,
    context: clusterFlags.context,
    namespace: { type: 'string', short: 'n', value: 'NAME', default: usualNamespace, help: 'namespace that usher is put into; made where it is not there' },
    image: { type: 'string', value: 'IMAGE', help: 'of the webhook and the lock: REPOSITORY[:TAG]; without a tag, that of this version' },
    'wait-image': { type: 'string', value: 'IMAGE', help: 'of the init container that pods get, likewise' },
    filename: { type: 'string', short: 'f', value: 'FILE|DIR|-', multiple: true, help: "usher's chart as helm template has rendered it, instead: a file, a folder, or - for standard input" },
    recursive: { type: 'boolean', short: 'R', help: 'look into the folders of a folder, too' },
    adopt: { type: 'boolean', help: 'take over objects that kubectl or others have put in, and set back what others have changed; from then on they are its own' },
    print: { type: 'boolean', help: 'print the objects, in the order in which they are put in, and do nothing; asks no cluster' },
    ...changeFlags,
  },
  examples: [
    'usher install --image registry.example.com/usher --wait-image registry.example.com/usher-wait',
    'usher install --dry-run server',
    'usher install --print > usher.yaml',
    'helm template usher deploy/chart -n usher-system --set namespace.create=true,webhook.replicas=3 | usher install -f -',
  ],
  async run(values, output) {
    const isDryRun = readDryRun(values, 'usher install --print prints what is applied')
    const timeoutMs = readTimeout(values)
    const wanted = await readWanted(values)
    if (values.isOn('print')) {
      if (isDryRun) throw new UsageError('--print and --dry-run do not go together: --print asks no cluster')
      await outputFlow(output.stdout).write(wanted.objects.map(({ body }) => printBlock(body, 0, plainLayout)).join('---\n'))
      return exitCodes.done
    }
    const admin = await joinAdmin(values)
    try {
      return await untilInterrupted((signal) => runInstall(admin, { wanted, isDryRun, isAdopting: values.isOn('adopt'), timeoutMs }, output, signal))
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error
      throw new Error('stopped in the middle; what was put in stays: usher install goes on from there, usher uninstall takes it out', { cause: error })
    }
  },
}

async function readWanted(values: FlagValues): Promise<WantedObjects> {
  const settings = await readSettings(values)
  const isOwn = values.texts('filename').length === 0
  const sources = isOwn ? [textSource('the manifest of this command', await chartManifest())] : await findSources(values)
  const bodies = await readManifests(sources)
  const read = readObjects(isOwn ? withSettings(bodies, settings) : bodies)
  if (read.kind === 'read') return read
  throw new Error(`this cannot be installed:\n${read.faults.map((fault) => `  ${fault}`).join('\n')}`)
}

async function readSettings(values: FlagValues): Promise<InstallSettings> {
  if (values.texts('filename').length === 0) {
    return { namespace: readNamespace(values), image: await readImage(values, 'image'), waitImage: await readImage(values, 'wait-image') }
  }
  const other = ['namespace', 'image', 'wait-image'].find((name) => values.isGiven(name))
  if (other !== undefined) throw new UsageError(`--${other} does not go with -f: set it where that is rendered (helm template --namespace, --set image.repository=…)`)
  return {}
}

/** The name of an image as the chart has it: of this version, unless it says otherwise. */
async function readImage(values: FlagValues, name: string): Promise<string | undefined> {
  const image = values.text(name)
  if (image === undefined) return undefined
  const { ConfigError, parseConfig } = await import('../config/load.ts')
  try {
    parseConfig(JSON.stringify({ lock: { image } }), `--${name}`)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new UsageError(`--${name}: ${JSON.stringify(image)} is not the name of an image, such as registry.example.com/usher:${manifest.version}`, { cause: error })
  }
  return /(?::[^/]*|@.*)$/.test(image) ? image : `${image}:${manifest.version}`
}
