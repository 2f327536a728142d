import { fileURLToPath } from 'node:url'
import type { Outcome } from '../demo/admission.ts'
import { liveView } from '../demo/boot/live-view.ts'
import { type BootOutcome, playBoot, reviewBootPods } from '../demo/boot/play.ts'
import { showBoot } from '../demo/boot/show.ts'
import { type BootView, noView, plainView } from '../demo/boot/view.ts'
import { playExamples } from '../demo/examples.ts'
import { playPrograms, type ProgramsOutcome } from '../demo/programs.ts'
import { showOutcome, showPrograms, showSummary } from '../demo/show.ts'
import { type Stage, withStage } from '../demo/stage.ts'
import { type Paint, paintFor } from '../terminal/paint.ts'
import { type Command, type FlagValues, UsageError } from './command.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'

/** `usher demo` */
export const demoCommand: Command = {
  name: 'demo',
  summary: 'show what usher does to pods, on this machine, without a cluster',
  description:
    'Starts the lock and the webhook on free ports of the loopback, verifies the certificate of the webhook as an API ' +
    'server would, sends it an AdmissionReview for each manifest in deploy/examples/, and shows what changed in ' +
    'the pod and why. Then, where there is a C compiler, builds the programs that run inside pods, and plays the boot ' +
    'of a node: eight pods, whose applications are processes that burn CPU or wait, start all at once; first without ' +
    'usher, then each with the init container that the webhook gave it. Takes half a minute. Leaves nothing behind ' +
    'but the programs (dist/native/host).',
  flags: {
    json: { type: 'boolean', help: 'print one JSON document instead' },
    scale: { type: 'string', value: 'FACTOR', default: '1', help: 'shorten the starts of the boot (0.2) or lengthen them (2)' },
    serve: { type: 'boolean', help: 'leave the lock and its page running after it, until Ctrl-C' },
  },
  examples: ['usher demo', 'usher demo --serve', 'usher demo --json --scale 0.2'],
  async run(values, { stdout }) {
    const options = { stdout, paint: paintFor(stdout), json: values.isOn('json'), serve: values.isOn('serve'), scale: readScale(values) }
    const launcher = fileURLToPath(new URL('launch.js', import.meta.url))
    const interrupted = new AbortController()
    // Not `once`: npm and the launcher may hand the same Ctrl-C on again, and what is taken down then must be.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => interrupted.abort(new Error(`ended by ${signal}`)))
    }
    stdout.on('error', (error) => interrupted.abort(error))
    return withStage([process.execPath, launcher], interrupted.signal, (stage) => play(stage, options, interrupted.signal))
  },
}

interface DemoOptions {
  readonly stdout: NodeJS.WriteStream
  readonly paint: Paint
  readonly json: boolean
  readonly serve: boolean
  readonly scale: number
}

type Boot = BootOutcome | Exclude<ProgramsOutcome, { kind: 'played' }>

async function play(stage: Stage, options: DemoOptions, interrupted: AbortSignal): Promise<ExitCode> {
  const { stdout, paint, json, serve, scale } = options
  const write = (text: string): void => {
    if (!json) stdout.write(text)
  }
  write('An API server asks usher about the pods of a namespace with usher.dev/inject=enabled.\n')
  write(`The lock of their node is on port ${stage.lockPort} here.\n\n`)
  const outcomes = await playExamples(stage, (outcome) => write(`${showOutcome(outcome, paint)}\n`))
  write(`${showSummary(outcomes, paint)}\n`)
  write(`${outcomes.length} pods were reviewed over TLS; a second review of each changed nothing more.\n\n`)
  const pods = await reviewBootPods(stage, scale)
  await stage.stopWebhook()
  const programs = await playPrograms(stage.children)
  write(`${showPrograms(programs, paint)}\n`)
  let boot: Boot
  if (programs.kind === 'skipped') boot = programs
  else {
    write(`\n${paint('bold', 'A node boots: eight pods start at once.')} They are processes of this machine, and burn real CPU.\n`)
    boot = await playBoot(stage, pods, viewOf(options))
    write(`\n${showBoot(boot, paint)}\n`)
  }
  const page = `http://127.0.0.1:${stage.lockPort}/status`
  if (json) stdout.write(`${JSON.stringify({ examples: outcomes.map(documentOf), programs, boot, ...(serve ? { page } : {}) }, undefined, 2)}\n`)
  if (!serve) return exitCodes.done
  write(`\nThe lock still runs, and shows the boot at ${page}\nCtrl-C ends it.\n`)
  await aborted(stage.children.signal)
  // Anything but an interruption is a failure of the lock.
  if (!interrupted.aborted) stage.children.signal.throwIfAborted()
  return exitCodes.done
}

function viewOf({ stdout, json, paint }: DemoOptions): BootView {
  if (json) return noView
  return stdout.isTTY && process.env['TERM'] !== 'dumb' ? liveView(stdout, paint) : plainView((text) => void stdout.write(text))
}

function documentOf({ example, patch, reasons, warnings, ms, before, after }: Outcome): object {
  const { file, kind, name, namespace } = example
  return { file, kind, name, namespace, allowed: true, reasons, warnings, patch, before, after, ms }
}

const scales = { least: 0.05, most: 10 }

function readScale(values: FlagValues): number {
  const text = values.text('scale') ?? ''
  const scale = /^\d{1,3}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN
  if (!(scale >= scales.least && scale <= scales.most)) {
    throw new UsageError(`--scale: ${JSON.stringify(text)} is not a number from ${scales.least} to ${scales.most}`)
  }
  return scale
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
