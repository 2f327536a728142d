import type { HangBounds } from '../rescue/hang.ts'
import { type Outcome, outcomeLines, type Planned, planLines, questionOf, toJson } from '../rescue/report.ts'
import { joinAdmin } from './admin-cluster.ts'
import { askWith } from './asker.ts'
import type { Command, Output } from './command.ts'
import { confirm } from './confirm.ts'
import { exitCodes } from './exit-codes.ts'
import { findHanging, planAll, serverTime } from './find-hanging.ts'
import { freePods } from './free-pods.ts'
import { outputFlow } from './output-flow.ts'
import { readRescueOptions, rescueFlags, type RescueOptions } from './rescue-options.ts'

/** `usher rescue` */
export const rescueCommand: Command = {
  name: 'rescue',
  summary: 'free pods that hang on usher-lock',
  description:
    'Finds pods whose init container usher-lock cannot be started, or does not end, and frees them with your own rights, after asking: ' +
    'by another image for it, where one runs on their node, else by deletion, where a controller is sure to make them anew. It works without usher, ' +
    'too, and with half of it. The exit code is 1 where a pod hangs on, and 0 where none does, or all of them were freed.',
  operand: { value: 'NAMESPACE/POD', isOptional: true, help: 'this pod alone' },
  flags: rescueFlags,
  examples: ['usher rescue', 'usher rescue shop/web-7d4b9 --dry-run=server', 'usher rescue --of shop --yes', 'usher rescue --by image --image registry.example.com/usher-wait:0.1.0'],
  async run(values, output) {
    const options = readRescueOptions(values)
    const admin = await joinAdmin(values)
    const { signal } = new AbortController()
    const asker = askWith(admin, signal)
    const bounds: HangBounds = { nowMs: await serverTime(admin, signal), afterMs: options.afterMs }
    const hanging = await findHanging(admin, asker, options, bounds)
    const planned = await planAll(asker, hanging, options.wish, admin.namespace)
    if (options.form === 'table') await write(output, planned.length === 0 ? [noneOf(options)] : planLines(planned, bounds.nowMs))
    const question = questionOf(planned, admin.title)
    const isWanted = question !== undefined && (options.isDryRun || (await isAgreed(question, options, output)))
    const outcomes = isWanted
      ? await freePods(planned, { admin, asker, bounds, isDryRun: options.isDryRun, timeoutMs: options.timeoutMs })
      : planned.map(leave)
    if (options.form === 'json') await write(output, [JSON.stringify(toJson(outcomes), undefined, 2)])
    else if (isWanted) await write(output, ['', ...outcomeLines(outcomes), ...(options.isDryRun ? [] : [whatElse])])
    return outcomes.every(({ outcome }) => outcome === 'freed' || outcome === 'would-free') ? exitCodes.done : exitCodes.failed
  },
}

const whatElse = 'usher check --only wait-image tells what keeps its image from running'

async function isAgreed(question: string, { isAgreed: isBeforehand }: RescueOptions, output: Output): Promise<boolean> {
  const consent = await confirm(question, isBeforehand, output)
  if (consent === 'nobody') output.stderr.write('usher rescue: nothing was changed: there is no terminal to ask at; --yes agrees beforehand\n')
  if (consent === 'no') output.stderr.write('usher rescue: nothing was changed\n')
  return consent === 'yes'
}

function noneOf({ namespace, pod }: RescueOptions): string {
  if (namespace === undefined) return 'no pod hangs on usher-lock'
  return pod === undefined ? `no pod of namespace ${namespace} hangs on usher-lock` : `${namespace}/${pod} does not hang on usher-lock`
}

function leave({ hang, rescue }: Planned): Outcome {
  return { hang, rescue, outcome: 'left', detail: rescue.kind === 'none' ? rescue.why : 'nothing was changed' }
}

async function write({ stdout }: Output, lines: readonly string[]): Promise<void> {
  await outputFlow(stdout).write(`${lines.join('\n')}\n`)
}
