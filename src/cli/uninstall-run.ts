import { usherSelector } from '../check/installation.ts'
import { nameOf, objectsAt, textAt } from '../check/json-paths.ts'
import { injectKey } from '../inject/names.ts'
import { type ChartObject, titleOf, titlesOf } from '../install/chart-object.ts'
import { othersOf, ownersBesides } from '../install/ownership.ts'
import { planUninstall, type UninstallPlan } from '../install/plan-uninstall.ts'
import { counted } from '../terminal/counted.ts'
import { formatAge } from '../units/age.ts'
import { mapBounded } from '../units/map-bounded.ts'
import { explainFailure, type JoinedAdmin } from './admin-cluster.ts'
import { askWith } from './asker.ts'
import { type Look, waitFor, type Waiting } from './await-install.ts'
import { type ChangeReport, changeReport } from './change-report.ts'
import { type Output, UsageError } from './command.ts'
import { confirm } from './confirm.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { findUsher } from './find-usher.ts'
import { deleteObject, isThere, releaseObject, type Removing } from './remove-objects.ts'
import { isEmpty, type LookInside, lookInside, tryUninstall, type UninstallOrder, uninstallOrder } from './uninstall-order.ts'

/** How it is taken out. */
export interface UninstallOptions {
  readonly isDryRun: boolean
  /** Nobody needs to be asked. */
  readonly isAgreed: boolean
  readonly timeoutMs: number
}

/** Takes everything out, and waits until it is gone. Throws where it cannot; the message says what to do. */
export async function runUninstall(admin: JoinedAdmin, options: UninstallOptions, output: Output, signal: AbortSignal): Promise<ExitCode> {
  const { isDryRun } = options
  const asker = askWith(admin, signal)
  const removing = { admin, asker }
  const report = changeReport(output, isDryRun ? ' (dry run)' : '')
  const plan = planUninstall(await findUsher(admin, asker), admin.namespace)
  if (plan.kind === 'nothing') {
    await report.say(plan.text)
    return exitCodes.done
  }
  if (plan.kind === 'refused') throw new Error(plan.reason)
  const order = await uninstallOrder(removing, plan)
  const all = [...order.first, ...order.rest, ...(order.namespace === undefined ? [] : [order.namespace])]
  await tryUninstall(removing, all, order.released)
  if (plan.shared.length > 0) await report.say(`others have put it in as well: ${titlesOf(plan.shared, withOwners)}; what goes on applying it puts it in again, so take it out of there first`)
  if (isDryRun) {
    for (const object of all) await report.done('deleted', titleOf(object))
    if (order.released !== undefined) await report.done('changed', `${titleOf(order.released)}, which stays`)
    await sayStrangers(report, plan.namespace, order.inside)
    return exitCodes.done
  }
  const consent = await confirm(`Take usher out of ${plan.namespace}, ${all.length} objects (${admin.title})`, options.isAgreed, output)
  if (consent === 'nobody') throw new UsageError('there is no terminal to ask at: --yes takes it out without asking, --dry-run server says what would go')
  if (consent === 'no') throw new Error('nothing was taken out')

  const waiting: Waiting = { asker, report, deadline: performance.now() + options.timeoutMs, signal }
  const names = await takeOut(removing, plan.namespace, order, waiting)
  if (names.length > 0) {
    const span = formatAge(options.timeoutMs / 1_000)
    throw new Error(`not all is gone after ${span}: ${names.join(', ')}; pods of nodes that are down stay until these are back or deleted. ${goesOn}`)
  }
  await sayDone(waiting, plan)
  return exitCodes.done
}

const goesOn = 'usher uninstall goes on from there'

/** Takes out what there is; gives what stays when the time is over. Throws where it cannot; what is out by then stays out. */
async function takeOut(removing: Removing, namespace: string, { first, rest, ...order }: UninstallOrder, waiting: Waiting): Promise<readonly string[]> {
  const { report } = waiting
  const taken: ChartObject[] = []
  const remove = async (object: ChartObject): Promise<void> => {
    await deleteObject(removing, object, false)
    taken.push(object)
    await report.done('deleted', titleOf(object))
  }
  try {
    for (const object of first) await remove(object)
    // A webhook that still runs would make its Secret anew.
    const arePodsGone = 'done' in (await awaitPodsGone(waiting, namespace))
    for (const object of rest) await remove(object)
    // Since the first look somebody may have put something into it: the question and the pods have taken their time.
    const inside = order.namespace === undefined ? order.inside : await lookInside(removing, namespace, [...first, ...rest])
    if (order.namespace !== undefined && isEmpty(inside)) await remove(order.namespace)
    else await release(removing, order.namespace ?? order.released, report)
    await sayStrangers(report, namespace, inside)
    const areGone = 'done' in (await awaitGone(waiting, taken))
    return arePodsGone && areGone ? [] : await whatStays(removing.admin, waiting, taken, namespace)
  } catch (error) {
    if (error instanceof Error && taken.length > 0 && !waiting.signal.aborted) error.message = `${error.message}; a part of usher is out, and the rest is there still: ${goesOn}`
    throw error
  }
}

async function release(removing: Removing, object: ChartObject | undefined, report: ChangeReport): Promise<void> {
  if (object === undefined) return
  if (await releaseObject(removing, object, false)) await report.done('changed', `${titleOf(object)}, which stays, without what was put on it`)
  else await report.say(`${titleOf(object)} is gone meanwhile`)
}

async function sayStrangers(report: ChangeReport, namespace: string, { strangers, untold }: LookInside): Promise<void> {
  const shown = strangers.slice(0, shownNames).map(({ kind, name }) => `${kind} ${name}`)
  const more = strangers.length > shownNames ? ` and ${strangers.length - shownNames} more` : ''
  if (shown.length > 0) await report.say(`namespace ${namespace} stays, for there is something in it that is not usher's: ${shown.join(', ')}${more}`)
  else if (untold.length > 0) await report.say(`namespace ${namespace} stays, for you may not look whether there is something else in it: ${untold.slice(0, shownNames).join(', ')}`)
}

const shownNames = 10

/** The pods that Deployment and DaemonSet have made. */
async function podsOf({ asker }: Waiting, namespace: string): Promise<readonly string[]> {
  const pods = await asker.list(`/api/v1/namespaces/${namespace}/pods`, { labelSelector: usherSelector })
  return pods.filter((pod) => objectsAt(pod, 'metadata', 'ownerReferences').length > 0).map((pod) => textAt(pod, 'metadata', 'name') ?? '')
}

function awaitPodsGone(waiting: Waiting, namespace: string): Promise<Look<true>> {
  return waitFor<true>(waiting, async () => {
    const pods = await podsOf(waiting, namespace)
    return pods.length === 0 ? { done: true } : { waitsFor: [`the end of ${counted(pods.length, 'pod')}`] }
  })
}

const askedAtATime = 4

function awaitGone(waiting: Waiting, objects: readonly ChartObject[]): Promise<Look<true>> {
  return waitFor<true>(waiting, async () => {
    const there = await stillThere(waiting, objects)
    return there.length === 0 ? { done: true } : { waitsFor: [`the end of ${titlesOf(there)}`] }
  })
}

async function stillThere({ asker }: Waiting, objects: readonly ChartObject[]): Promise<readonly ChartObject[]> {
  return (await mapBounded(objects, askedAtATime, async (object) => ((await isThere(asker, object)) ? [object] : []))).flat()
}

function withOwners(object: ChartObject): string {
  return `${titleOf(object)} (${ownersBesides(object.body).join(', ')})`
}

/** A few names of what is there still. Throws where the API server does not tell. */
async function whatStays(admin: JoinedAdmin, waiting: Waiting, objects: readonly ChartObject[], namespace: string): Promise<readonly string[]> {
  try {
    const pods = await podsOf(waiting, namespace)
    return [...(await stillThere(waiting, objects)).map((object) => titleOf(object)), ...pods.map((pod) => `pod ${pod}`)].slice(0, shownNames)
  } catch (error) {
    throw explainFailure(admin, error)
  }
}

async function sayDone({ asker, report }: Waiting, { namespace, left }: UninstallPlan): Promise<void> {
  await report.say(`usher is taken out of ${namespace}; pods that run stay as they are, and those that wait for the lock start within a minute, 90 seconds just after a boot of their node`)
  const labelled = await asker.ask('namespaces', () => asker.listPicked('/api/v1/namespaces', { labelSelector: injectKey }, nameOf))
  const names = labelled.kind === 'told' ? labelled.value : []
  const more = names.length > shownNames ? ` and ${names.length - shownNames} more` : ''
  if (names.length > 0) await report.say(`the label ${injectKey} stays on ${names.slice(0, shownNames).join(', ')}${more}: kubectl label namespace NAME ${injectKey}- takes it away`)
  if (left.length > 0) await report.say(`what others have put in stays: ${titlesOf(left, (each) => `${titleOf(each)} (${othersOf(each.body).join(', ') || 'somebody'})`)}`)
}
