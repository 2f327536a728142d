import { usherSelector } from '../check/installation.ts'
import { at, nameOf, objectsAt, textAt } from '../check/json-paths.ts'
import { injectKey } from '../inject/names.ts'
import { type ChartObject, objectName, objectPath, titleOf, titlesOf } from '../install/chart-object.ts'
import { fieldManager, othersOf } from '../install/ownership.ts'
import { planUninstall, type UninstallPlan } from '../install/plan-uninstall.ts'
import { formatAge } from '../units/age.ts'
import { mapBounded } from '../units/map-bounded.ts'
import { explainFailure, type JoinedAdmin } from './admin-cluster.ts'
import { type Applying, deleteObject } from './apply-objects.ts'
import { askWith } from './asker.ts'
import { type Look, waitFor, type Waiting } from './await-install.ts'
import { type ChangeReport, changeReport } from './change-report.ts'
import { type Output, UsageError } from './command.ts'
import { confirm } from './confirm.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { findUsher } from './find-usher.ts'
import { tryUninstall, type UninstallOrder, uninstallOrder } from './uninstall-order.ts'

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
  await tryUninstall(removing, all)
  if (isDryRun) {
    for (const object of all) await report.done('deleted', titleOf(object))
    if (order.released !== undefined) await report.done('changed', `${titleOf(order.released)}, which stays`)
    await sayStrangers(report, plan.namespace, order)
    return exitCodes.done
  }
  const consent = await confirm(`Take usher out of ${plan.namespace}, ${all.length} objects (${admin.title})`, options.isAgreed, output)
  if (consent === 'nobody') throw new UsageError('there is no terminal to ask at: --yes takes it out without asking, --dry-run server says what would go')
  if (consent === 'no') throw new Error('nothing was taken out')

  const waiting: Waiting = { asker, report, deadline: performance.now() + options.timeoutMs, signal }
  for (const object of order.first) await remove(removing, object, report)
  // A webhook that still runs would make its Secret anew.
  const arePodsGone = 'done' in (await awaitPodsGone(waiting, plan.namespace))
  for (const object of order.rest) await remove(removing, object, report)
  if (order.namespace !== undefined) await remove(removing, order.namespace, report)
  if (order.released !== undefined) await release(removing, order.released, report)
  await sayStrangers(report, plan.namespace, order)
  const areGone = 'done' in (await awaitGone(waiting, all))
  const names = arePodsGone && areGone ? [] : await whatStays(waiting, all, plan.namespace)
  if (names.length > 0) {
    const span = formatAge(options.timeoutMs / 1_000)
    throw new Error(`not all is gone after ${span}: ${names.join(', ')}; pods of nodes that are down stay until these are back or deleted. usher uninstall goes on from there`)
  }
  await sayDone(waiting, plan)
  return exitCodes.done
}

async function remove(removing: Pick<Applying, 'admin' | 'asker'>, object: ChartObject, report: ChangeReport): Promise<void> {
  await deleteObject(removing, object, false)
  await report.done('deleted', titleOf(object))
}

/** Applied with nothing in it, an object loses what was ours of it, and that alone. */
async function release({ admin, asker }: Pick<Applying, 'admin' | 'asker'>, object: ChartObject, report: ChangeReport): Promise<void> {
  const { apiVersion, kind } = object.kind
  try {
    await asker.patch(objectPath(object), 'apply-patch+yaml', { apiVersion, kind, metadata: { name: objectName(object) } }, { fieldManager, force: 'true' })
  } catch (error) {
    throw explainFailure(admin, error)
  }
  await report.done('changed', `${titleOf(object)}, which stays, without what was put on it`)
}

async function sayStrangers(report: ChangeReport, namespace: string, { strangers, untold }: UninstallOrder): Promise<void> {
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
    return pods.length === 0 ? { done: true } : { waitsFor: [`the end of ${pods.length} pod${pods.length === 1 ? '' : 's'}`] }
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
  const live = await mapBounded(objects, askedAtATime, async (object) => {
    const found = await asker.getIfThere(objectPath(object))
    // Another one of that name is somebody else's.
    return found !== undefined && at(found, 'metadata', 'uid') === at(object.body, 'metadata', 'uid') ? [object] : []
  })
  return live.flat()
}

/** A few names of what is there still. */
async function whatStays(waiting: Waiting, objects: readonly ChartObject[], namespace: string): Promise<readonly string[]> {
  const pods = await podsOf(waiting, namespace)
  return [...(await stillThere(waiting, objects)).map((object) => titleOf(object)), ...pods.map((pod) => `pod ${pod}`)].slice(0, shownNames)
}

async function sayDone({ asker, report }: Waiting, { namespace, left }: UninstallPlan): Promise<void> {
  await report.say(`usher is taken out of ${namespace}; pods that run stay as they are, and those that wait for the lock start within seconds`)
  const labelled = await asker.ask('namespaces', () => asker.listPicked('/api/v1/namespaces', { labelSelector: injectKey }, nameOf))
  const names = labelled.kind === 'told' ? labelled.value : []
  const more = names.length > shownNames ? ` and ${names.length - shownNames} more` : ''
  if (names.length > 0) await report.say(`the label ${injectKey} stays on ${names.slice(0, shownNames).join(', ')}${more}: kubectl label namespace NAME ${injectKey}- takes it away`)
  if (left.length > 0) await report.say(`what others have put in stays: ${titlesOf(left, (each) => `${titleOf(each)} (${othersOf(each.body).join(', ') || 'somebody'})`)}`)
}
