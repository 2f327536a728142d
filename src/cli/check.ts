import { checks } from '../check/checks.ts'
import type { Facts } from '../check/facts.ts'
import { reportLines } from '../check/report.ts'
import { countOutcomes, runChecks } from '../check/run-checks.ts'
import { paintFor } from '../terminal/paint.ts'
import manifest from '../../package.json' with { type: 'json' }
import { clusterFlags, joinAdmin, type JoinedAdmin } from './admin-cluster.ts'
import { closest, type Command, type FlagValues, type Output, UsageError } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { gatherFacts } from './gather-facts.ts'
import { outputFlow } from './output-flow.ts'
import { readTableOrJson } from './output-form.ts'
import { showPending } from './progress.ts'
import { readTimeout } from './timeout-flag.ts'

/** `usher check` */
export const checkCommand: Command = {
  name: 'check',
  summary: 'tell what is wrong with usher in a cluster, and how to mend it',
  description:
    'Looks at the cluster, the installation, the webhook, the locks and the pods, and tells what it finds, check by check: ' +
    'what is so, how to mend it, and where to read more. Nothing is changed: pods are tried by dry runs. The exit code is 1 ' +
    'where something does not work, 0 with warnings, and 3 where the cluster cannot be reached.',
  flags: {
    ...clusterFlags,
    output: { type: 'string', short: 'o', value: 'FORM', default: 'table', help: 'table; json: one object' },
    timeout: { type: 'string', value: 'SPAN', default: '2m', help: 'how long all of it may take; what was not told by then is skipped' },
    only: { type: 'string', value: 'ID', multiple: true, help: 'tell of this check alone, and of what keeps it from being told' },
  },
  examples: ['usher check', 'usher check -o json', 'usher check --only webhook-reachable --only injection'],
  async run(values, output) {
    const form = readTableOrJson(values)
    const only = readOnly(values)
    const withinMs = readTimeout(values)
    const admin = await joinAdmin(values)
    const facts = await gatherWithin(withinMs, admin, output, `it was not told within ${values.text('timeout')} (--timeout)`)
    const results = runChecks(facts, only)
    const counts = countOutcomes(results)
    const text =
      form === 'json'
        ? JSON.stringify({ server: facts.server, namespace: facts.installation.namespace, counts, checks: results }, undefined, 2)
        : reportLines(results, paintFor(output.stdout)).join('\n')
    await outputFlow(output.stdout).write(`${text}\n`)
    if (facts.serverVersion.kind === 'failed' || facts.serverVersion.kind === 'late') return exitCodes.unreachable
    return counts.failed > 0 ? exitCodes.failed : exitCodes.done
  },
}

/** Asks, and shows on a terminal what is waited for. */
async function gatherWithin(ms: number, admin: JoinedAdmin, { stderr }: Output, reason: string): Promise<Facts> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new Error(reason)), ms)
  const pending = showPending(stderr)
  try {
    return await gatherFacts(admin, manifest.version, late.signal, pending)
  } finally {
    pending.end()
    clearTimeout(timer)
  }
}

function readOnly(values: FlagValues): readonly string[] {
  const ids = checks.map(({ id }) => id)
  for (const id of values.texts('only')) {
    if (ids.includes(id)) continue
    const nearest = closest(id, ids)
    throw new UsageError(`--only: there is no check ${JSON.stringify(id)}; ${nearest === undefined ? `there are ${ids.join(', ')}` : `did you mean ${nearest}?`}`)
  }
  return values.texts('only')
}
