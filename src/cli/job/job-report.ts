import type { Instance } from '../../job/instances/instance.ts'
import { instanceLine } from '../../job/instances/line.ts'
import { titleOfObject } from '../../job/run/kinds.ts'
import { textAt } from '../../check/json-paths.ts'
import { printable } from '../../terminal/columns.ts'
import type { Json, JsonObject } from '../../units/json.ts'
import { changeReport } from '../change-report.ts'
import type { Output } from '../command.ts'
import { outputFlow } from '../output-flow.ts'
import { type MachineForm, type OutputForm, streamText } from '../output-form.ts'

/** Tells what is done to a job: lines for people, or one JSON object a line, or one YAML document each. */
export interface JobReport {
  /** Something that people are to know; it is no result. */
  note(text: string): Promise<void>
  /** What has become of an object: `created`, `changed`, `deleted`, … */
  object(outcome: string, object: JsonObject): Promise<void>
  /** How the workload and its instances are by now, while they are waited for. */
  waiting(text: string, instances: readonly Instance[]): Promise<void>
  /** Nothing is waited for any more. */
  rest(): Promise<void>
  /** Why it has failed, and what was seen of it. */
  evidence(message: string, lines: readonly string[]): Promise<void>
  /** How it has ended. */
  end(text: string, event: string, members?: JsonObject): Promise<void>
}

/** A report of one job on the standard output. */
export function jobReport(output: Output, job: string, form: OutputForm, now: () => number = Date.now): JobReport {
  return form === 'table' ? forPeople(output, now) : forMachines(output, job, form)
}

function forPeople(output: Output, now: () => number): JobReport {
  const report = changeReport(output)
  const isLive = output.stdout.isTTY
  return {
    note: (text) => report.say(printable(text)),
    object: (outcome, object) => report.done(outcome, printable(titleOfObject(object))),
    // Without a terminal a line is written when it is another one: how long it has been so is none of that.
    waiting: (text, instances) => report.waiting([text, ...instances.map((each) => `  ${isLive ? instanceLine(each, now()) : plainLine(each)}`)]),
    rest: () => report.rest(),
    async evidence(message, lines) {
      await report.rest()
      await report.say(message)
      for (const line of lines) await report.say(`  ${line}`)
    },
    end: (text) => report.say(text),
  }
}

function plainLine({ name, node, label, why, state }: Instance): string {
  return [name, node ?? '-', label, state === 'Healthy' || state === 'Done' ? '' : why].filter((cell) => cell !== '').join('  ')
}

function forMachines({ stdout }: Output, job: string, form: MachineForm): JobReport {
  const flow = outputFlow(stdout)
  const told = new Map<string, string>()
  const write = async (event: string, members: Readonly<Record<string, Json | undefined>>): Promise<void> => flow.write(await streamText(form, { event, job, ...members }))
  return {
    note: (text) => write('note', { text }),
    object: (outcome, object) => write('object', { outcome, apiVersion: object['apiVersion'], kind: object['kind'], name: textAt(object, 'metadata', 'name') }),
    async waiting(text, instances) {
      const news = instances.filter(({ uid, label, why }) => told.get(uid) !== `${label} ${why}`)
      for (const { uid, name, node, state, label, reason, why } of news) {
        told.set(uid, `${label} ${why}`)
        await write('instance', { instance: name, node, state, label, reason, why })
      }
      if (told.get('') !== text) await write('waiting', { text })
      told.set('', text)
    },
    async rest() {},
    evidence: (message, lines) => write('failed', { message, evidence: lines }),
    end: (text, event, members) => write(event, { text, ...members }),
  }
}
