import { textAt } from '../check/json-paths.ts'
import { labelFor, type NamespaceState, stateOf, whyNever } from '../enable/namespace-state.ts'
import { reportLines, toJson } from '../enable/report.ts'
import { nextSteps, questionOf, whyNothing } from '../enable/wish.ts'
import { injectKey } from '../inject/names.ts'
import { paintFor } from '../terminal/paint.ts'
import type { JsonObject } from '../units/json.ts'
import manifest from '../../package.json' with { type: 'json' }
import { explainFailure, joinAdmin, type JoinedAdmin } from './admin-cluster.ts'
import { type Asker, askWith } from './asker.ts'
import { closest, type FlagValues, type Output } from './command.ts'
import { confirm } from './confirm.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { findInstallation } from './find-installation.ts'
import { usualNamespace } from './lock-states.ts'
import { lookAhead } from './look-ahead.ts'
import type { NamespaceChange } from './namespace-flags.ts'
import { outputFlow } from './output-flow.ts'
import { showProgress } from './progress.ts'

/** Changes what the label of a namespace says of usher, after it has said what comes of that, and asked. */
export async function changeNamespace(change: NamespaceChange, values: FlagValues, output: Output): Promise<ExitCode> {
  const { command, namespace: name, to, form, isRehearsal, isForced } = change
  const admin = await joinAdmin(values)
  const asker = askWith(admin, new AbortController().signal)
  const tell = (text: string): void => void output.stderr.write(`usher ${command}: ${text}\n`)
  const flow = outputFlow(output.stdout)
  const write = (lines: readonly string[]): Promise<void> => flow.write(lines.map((line) => `${line}\n`).join(''))
  const writeJson = (result: object): Promise<void> => write([JSON.stringify(result, undefined, 2)])

  const namespace = await readNamespace(admin, asker, name)
  const usher = await findInstallation(asker, admin.namespace, manifest.version)
  const never = to === 'enabled' || to === 'audit' ? whyNever(name, usher.namespaces ?? []) : undefined
  if (never !== undefined) throw new Error(never)
  const wish = { namespace: name, from: stateOf(namespace), to }
  const nothing = whyNothing(wish)
  if (nothing !== undefined) {
    await (form === 'json' ? writeJson({ ...wish, isChanged: false, detail: nothing }) : write([nothing]))
    return exitCodes.done
  }
  const label = (query: Readonly<Record<string, string>>): Promise<void> => labelNamespace(admin, asker, namespace, to, query)
  // Whoever may not do it in the end is told before all the rest.
  await label({ dryRun: 'All' })
  const progress = showProgress(output.stderr)
  const report = await lookAhead({ admin, asker, namespace, usher, to, progress }).finally(() => progress.end())

  const isRefused = report.obstacles.length > 0 && !isForced
  if (form === 'table') await write(reportLines(report, paintFor(output.stdout)))
  if (isRefused || isRehearsal) {
    if (form === 'json') await writeJson({ ...toJson(report), isChanged: false })
    const why = form === 'json' ? 'what stands among its obstacles' : 'what is marked ×'
    tell(isRefused ? `nothing was changed, for ${why} speaks against it; mend it, or do it all the same with --force` : 'nothing was changed (--dry-run=server)')
    return isRefused ? exitCodes.failed : exitCodes.done
  }
  const consent = await confirm(questionOf(wish), change.isAgreed, output)
  if (consent !== 'yes') {
    tell(consent === 'no' ? 'nothing was changed' : 'nothing was changed: there is no terminal to ask at; --yes says yes beforehand, --dry-run=server only looks')
    return exitCodes.failed
  }
  await label({})
  const next = nextSteps(wish, report.rows, usher.namespaces?.[0] === undefined ? usualNamespace : usher.installation.namespace)
  await (form === 'json' ? writeJson({ ...toJson(report), isChanged: true, next }) : write(['', ...next]))
  return exitCodes.done
}

async function readNamespace(admin: JoinedAdmin, asker: Asker, name: string): Promise<JsonObject> {
  let found: JsonObject | undefined
  try {
    found = await asker.getIfThere(`/api/v1/namespaces/${name}`)
  } catch (error) {
    throw explainFailure(admin, error)
  }
  if (found === undefined) throw await noSuch(admin, asker, name)
  if (textAt(found, 'status', 'phase') === 'Terminating') throw new Error(`namespace ${name} is being deleted`)
  return found
}

/** There is no such namespace; or no API server, where nothing is found. */
async function noSuch(admin: JoinedAdmin, asker: Asker, name: string): Promise<Error> {
  try {
    const names = await asker.listPicked('/api/v1/namespaces', {}, (each) => textAt(each, 'metadata', 'name'))
    const nearest = closest(name, names)
    return new Error(`there is no namespace ${name} (${admin.title}); ${nearest === undefined ? 'kubectl get namespaces lists those that there are' : `did you mean ${nearest}?`}`)
  } catch (error) {
    const isDenied = error instanceof admin.kube.ApiError && error.status === 403
    return isDenied ? new Error(`there is no namespace ${name} (${admin.title})`) : explainFailure(admin, error)
  }
}

/** Sets the label of the namespace that was read: what was found out holds for no other version of it. */
async function labelNamespace(admin: JoinedAdmin, asker: Asker, namespace: JsonObject, to: NamespaceState, query: Readonly<Record<string, string>>): Promise<void> {
  const name = textAt(namespace, 'metadata', 'name') ?? ''
  const body = { metadata: { resourceVersion: textAt(namespace, 'metadata', 'resourceVersion'), labels: { [injectKey]: labelFor(to) } } }
  let labelled: JsonObject
  try {
    labelled = await asker.patch(`/api/v1/namespaces/${name}`, 'merge-patch+json', body, { fieldManager: 'usher-enable', ...query })
  } catch (error) {
    if (error instanceof admin.kube.ApiError && error.status === 409) throw new Error(`somebody has changed namespace ${name} meanwhile; try again`, { cause: error })
    throw explainFailure(admin, error)
  }
  if (stateOf(labelled) === to) return
  const label = textAt(labelled, 'metadata', 'labels', injectKey)
  throw new Error(`another webhook changes the label of namespace ${name}: ${injectKey} ${label === undefined ? 'is taken off' : `becomes ${label}`}`)
}
