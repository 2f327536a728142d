import { installationsIn, versionOf, webhookImage } from '../check/installation.ts'
import { reportLines } from '../check/report.ts'
import { runChecks } from '../check/run-checks.ts'
import { injectKey } from '../inject/names.ts'
import { type ChartObject, objectPath, titleOf } from '../install/chart-object.ts'
import { outcomeOf } from '../install/difference.ts'
import { liveOf, obstaclesTo, outdatedIn, type Surroundings } from '../install/obstacles.ts'
import { isCreatedByUs, markCreated } from '../install/ownership.ts'
import type { WantedObjects } from '../install/read-objects.ts'
import { paintFor } from '../terminal/paint.ts'
import { formatAge } from '../units/age.ts'
import type { KubeVersion } from '../units/kube-version.ts'
import manifest from '../../package.json' with { type: 'json' }
import type { JoinedAdmin } from './admin-cluster.ts'
import { applyObject, type Applying } from './apply-objects.ts'
import { askWith } from './asker.ts'
import { awaitInjection, awaitWorkloads, type Trying, type Waiting } from './await-install.ts'
import { type ChangeReport, changeReport } from './change-report.ts'
import type { Output } from './command.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { gatherFacts } from './gather-facts.ts'
import { readConfig } from './gather-parts.ts'
import { lookAround, supportedVersion } from './look-around.ts'
import { deleteObject } from './remove-objects.ts'
import { type KnownOutcomes, tryInstall } from './try-install.ts'

/** What is to be installed, and how. */
export interface InstallOptions {
  readonly wanted: WantedObjects
  readonly isDryRun: boolean
  /** Whether what others have put in is taken over, and what they have set is set back. */
  readonly isAdopting: boolean
  readonly timeoutMs: number
}

const goesOn = 'what was put in before stays: usher install goes on from there, usher uninstall takes it out'

/** Puts everything in, and waits until a pod is injected. Throws where it cannot; the message says what to do. */
export async function runInstall(admin: JoinedAdmin, options: InstallOptions, output: Output, signal: AbortSignal): Promise<ExitCode> {
  const { wanted, isDryRun, isAdopting } = options
  const asker = askWith(admin, signal)
  const kubeVersion = await supportedVersion(admin, asker)
  const around = await lookAround(admin, asker, wanted)
  const obstacles = obstaclesTo(wanted, around, isAdopting)
  if (obstacles.length > 0) throw new Error(obstacles.join('\n'))

  const objects = wanted.objects.map((object) => marked(object, around))
  const applying: Applying = { admin, asker, isAdopting }
  const report = changeReport(output, isDryRun ? ' (dry run)' : '')
  const trying = await tryingOf(objects, kubeVersion)
  const known = await tryInstall({ applying, objects, around, isDryRun, report })
  const outdated = outdatedIn(wanted, around)
  if (isDryRun) {
    for (const object of objects) await report.done(known.get(objectPath(object)) ?? 'created', titleOf(object))
    for (const object of outdated) await report.done('deleted', titleOf(object))
    return exitCodes.done
  }
  const deadline = performance.now() + options.timeoutMs
  const missing = await untilInjected({ applying, around, report, known, objects, outdated, wanted, trying }, { asker, report, deadline, signal })
  if (missing.length === 0) return exitCodes.done
  await report.say(`usher is not up after ${formatAge(options.timeoutMs / 1_000)}; ${goesOn}. What is missing:`)
  for (const each of missing) await report.say(`  ${each}`)
  await sayFindings(admin, report, output, signal)
  return exitCodes.failed
}

interface Putting {
  readonly applying: Applying
  readonly around: Surroundings
  readonly report: ChangeReport
  readonly known: KnownOutcomes
}

interface Installing extends Putting {
  readonly wanted: WantedObjects
  readonly objects: readonly ChartObject[]
  readonly outdated: readonly ChartObject[]
  readonly trying: Trying
}

/** Gives what is missing when the time is over; nothing: a pod was injected, and that was said. */
async function untilInjected(installing: Installing, waiting: Waiting): Promise<readonly string[]> {
  const { applying, report, objects, outdated, wanted, trying } = installing
  try {
    for (const object of objects) if (!isRegistration(object)) await putOne(installing, object)
    const running = await awaitWorkloads(waiting, wanted)
    if ('waitsFor' in running) return running.waitsFor
    // Only now: no pod waits for a webhook that is not there yet.
    for (const object of objects) if (isRegistration(object)) await putOne(installing, object)
    for (const object of outdated) {
      await deleteObject(applying, object, false)
      await report.done('deleted', titleOf(object))
    }
    const trial = await awaitInjection(waiting, trying)
    if ('waitsFor' in trial) return trial.waitsFor
    await sayDone(report, wanted, trial.done.text, running.done)
    return []
  } catch (error) {
    if (error instanceof Error && !waiting.signal.aborted) error.message = `${error.message}; ${goesOn}`
    throw error
  }
}

function isRegistration({ kind }: ChartObject): boolean {
  return kind.kind === 'MutatingWebhookConfiguration'
}

/** A namespace that is there by us is marked so, and stays marked. */
function marked(object: ChartObject, around: Surroundings): ChartObject {
  if (object.kind.kind !== 'Namespace') return object
  const live = liveOf(object, around)?.body
  return live === undefined || isCreatedByUs(live) ? { ...object, body: markCreated(object.body) } : object
}

async function putOne({ applying, around, report, known }: Putting, object: ChartObject): Promise<void> {
  const before = known.get(objectPath(object))
  if (before === 'told') return
  const live = liveOf(object, around)?.body
  const outcome = before === 'unchanged' ? before : outcomeOf(live, await applyObject(applying, object, live))
  await report.done(outcome, titleOf(object))
}

/** What a dry-run pod is made of, and judged by. Throws where the configuration that is to be put in is wrong. */
async function tryingOf(objects: readonly ChartObject[], kubeVersion: KubeVersion | undefined): Promise<Trying> {
  const of = (kind: string) => objects.filter((each) => each.kind.kind === kind).map(({ body }) => body)
  const [installation] = installationsIn({ daemonSets: of('DaemonSet'), deployments: of('Deployment'), services: of('Service'), configMaps: of('ConfigMap') })
  if (installation === undefined) throw new Error('there is no Deployment of the webhook')
  return { image: webhookImage(installation), kubeVersion, config: { kind: 'told', value: await readConfig(installation) }, configurations: objects.filter(isRegistration) }
}

async function sayDone(report: ChangeReport, { objects, namespace }: WantedObjects, trial: string, behind: readonly string[]): Promise<void> {
  const version = objects.map(({ body }) => versionOf(body)).find((each) => each !== undefined) ?? ''
  await report.say(`usher ${version} is installed in ${namespace}: ${trial}`)
  for (const each of behind) await report.say(`${each}; usher check says which are missing`)
  await report.say(`turn it on: kubectl label namespace NAMESPACE ${injectKey}=enabled, for pods that are created from then on`)
}

// What tells of it that is not put in yet, while what comes before it does not run.
const ofOrder = ['installed', 'webhook-registered']

/** What is wrong, as `usher check` finds it. */
async function sayFindings(admin: JoinedAdmin, report: ChangeReport, { stdout }: Output, signal: AbortSignal): Promise<void> {
  const results = runChecks(await gatherFacts({ ...admin, namespace: undefined }, manifest.version, signal)).filter(({ id }) => !ofOrder.includes(id))
  const failed = results.filter(({ outcome }) => outcome === 'failed')
  const told = failed.length > 0 ? failed : results.filter(({ outcome }) => outcome === 'warning')
  if (told.length > 0) await report.say(`\n${reportLines(told, paintFor(stdout)).join('\n')}`)
}
