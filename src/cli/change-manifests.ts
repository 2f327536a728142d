import type { Changed, ChangedWorkload, Remark } from '../manifest/change-workloads.ts'
import { largestDocument, type Piece, splitDocuments } from '../manifest/split.ts'
import type { Workload } from '../manifest/workloads.ts'
import { counted } from '../terminal/counted.ts'
import { paintDiffLine, paintFor } from '../terminal/paint.ts'
import type { Output } from './command.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { fileSink } from './file-sink.ts'
import { type DocumentFormat, DocumentWriter } from './manifest-output.ts'
import { type ManifestSource, type MissingSource, whyNot } from './manifest-sources.ts'
import { OutputError, outputFlow } from './output-flow.ts'
import { showProgress } from './progress.ts'

/** Where a document stands. */
export interface DocumentPlace {
  readonly source: string
  /** In its source, from 1; what is blank does not count. */
  readonly document: number
  /** In its source, from 1. */
  readonly line: number
}

/** What is written: the documents, into one stream or back into their files; how they differ; or lines about each. */
export type Form<T> =
  | { readonly kind: 'documents'; readonly format: DocumentFormat }
  | { readonly kind: 'in-place' }
  | { readonly kind: 'diff' }
  | { readonly kind: 'lines'; readonly lines: (changed: Changed<T> | undefined, place: DocumentPlace) => readonly string[] }

/** How manifests are to be changed. */
export interface ManifestChange<T> {
  /** The name of the command, for messages. */
  readonly command: string
  readonly sources: readonly (ManifestSource | MissingSource)[]
  readonly form: Form<T>
  readonly quiet: boolean
  change(text: string): Changed<T>
  /** What was done with a workload, in a few words. */
  describe(workload: ChangedWorkload<T>): string
  /** What its author should know of it. */
  warnings(workload: ChangedWorkload<T>): readonly string[]
}

const mebibyte = 1_048_576
// A diff is for people, and needs the file as a whole.
const largestDiff = 2 * largestDocument

/** Where the documents of one source go. */
interface Sink<T> {
  /** @param changed undefined: the piece was not read, and its bytes are all there is. */
  write(piece: Piece, changed: Changed<T> | undefined, place: DocumentPlace): Promise<void>
  end(): Promise<void>
  /** Ends it where the source could not be read to its end. */
  cancel(): Promise<void>
}

const nothingToEnd = { end: async () => {}, cancel: async () => {} }

/** Changes manifests, document after document, and says on stderr what was done. */
export async function changeManifests<T>(options: ManifestChange<T>, output: Output): Promise<ExitCode> {
  const run = new Run(options, output)
  try {
    for (const source of options.sources) await run.source(source)
  } catch (error) {
    if (!(error instanceof OutputError && error.isClosed)) throw error
  }
  return run.end()
}

class Run<T> {
  readonly #options: ManifestChange<T>
  readonly #stderr: NodeJS.WriteStream
  readonly #paint
  readonly #flow
  readonly #writer: DocumentWriter
  readonly #progress
  #workloads = 0
  #changed = 0
  #faults = 0

  constructor(options: ManifestChange<T>, { stdout, stderr }: Output) {
    this.#options = options
    this.#stderr = stderr
    // Nobody there to be told is no reason to stop.
    stderr.on('error', () => {})
    this.#paint = paintFor(stdout)
    this.#flow = outputFlow(stdout)
    this.#writer = new DocumentWriter(this.#flow, options.form.kind === 'documents' ? options.form.format : 'as-is')
    this.#progress = showProgress(stderr)
  }

  /** Changes what a source holds. */
  async source(source: ManifestSource | MissingSource): Promise<void> {
    if ('missing' in source) {
      this.#fault(`${source.name}: ${source.missing}`)
      return
    }
    const sink = this.#sinkFor(source)
    const changedBefore = this.#changed
    let document = 0
    try {
      for await (const piece of splitDocuments(source.open())) {
        this.#progress.bytes(piece.bytes.length)
        if (piece.kind === 'document' || piece.kind === 'begin') document++
        const place = { source: source.name, document, line: piece.line }
        await sink.write(piece, this.#changePiece(piece, place), place)
      }
      await sink.end()
      if (document === 0) this.#say(`${source.name}: it holds no document`)
    } catch (error) {
      await sink.cancel()
      if (error instanceof OutputError) throw error
      if (this.#options.form.kind === 'in-place') this.#changed = changedBefore
      this.#fault(`${source.name}: it cannot be read or written: ${whyNot(error)}`)
    }
  }

  /** Says what was done in all. */
  end(): ExitCode {
    this.#progress.end()
    const of = `${this.#changed} of ${counted(this.#workloads, 'workload')} changed`
    const faults = this.#faults === 0 ? '' : `; ${counted(this.#faults, 'fault')}`
    this.#say(of + faults)
    return this.#faults === 0 ? exitCodes.done : exitCodes.failed
  }

  #changePiece(piece: Piece, place: DocumentPlace): Changed<T> | undefined {
    if (piece.kind === 'begin') {
      this.#remark(place, { line: 1, text: `it is larger than ${largestDocument / mebibyte} MiB, too large to be read` })
    }
    if (piece.kind === 'begin' || piece.kind === 'more') return undefined
    const text = decode(piece.bytes)
    if (text === undefined) {
      this.#remark(place, { line: lineOfFault(piece.bytes), text: 'it is not UTF-8' })
      return undefined
    }
    if (piece.kind === 'blank') return { text, kind: 'empty', workloads: [], faults: [], notes: [] }
    const changed = this.#options.change(text)
    this.#report(changed, place)
    return changed
  }

  #sinkFor(source: ManifestSource): Sink<T> {
    const { form } = this.#options
    if (form.kind === 'in-place') return fileSink(source.file ?? '')
    if (form.kind === 'diff') return this.#diffSink(source.name)
    return form.kind === 'lines' ? this.#lineSink(form.lines) : this.#documentSink()
  }

  #lineSink(linesOf: Extract<Form<T>, { kind: 'lines' }>['lines']): Sink<T> {
    return {
      ...nothingToEnd,
      write: async ({ kind }, changed, place) => {
        if (kind === 'blank' || kind === 'more') return
        for (const line of linesOf(changed, place)) await this.#flow.write(`${line}\n`)
      },
    }
  }

  #documentSink(): Sink<T> {
    let isFirst = true
    return {
      ...nothingToEnd,
      write: async ({ bytes }, changed) => {
        if (changed === undefined) await this.#writer.writeBytes(bytes, isFirst)
        else await this.#writer.write(changed, isFirst)
        isFirst = false
      },
    }
  }

  #diffSink(name: string): Sink<T> {
    let before = ''
    let after = ''
    let isWhole = true
    return {
      ...nothingToEnd,
      write: async ({ bytes }, changed) => {
        if (isWhole && before.length + bytes.length > largestDiff) {
          this.#fault(`${name}: it is larger than ${largestDiff / mebibyte} MiB, too large to be compared`)
          isWhole = false
        }
        if (!isWhole) return
        before += asBytes(bytes)
        after += asBytes(changed?.text ?? bytes)
      },
      end: async () => {
        if (!isWhole) return
        // Loaded where it is asked for.
        const { unifiedDiff } = await import('../manifest/unified-diff.ts')
        for (const line of unifiedDiff(asBytes(name), before, after)) {
          await this.#flow.write(Buffer.from(`${paintDiffLine(line, this.#paint)}\n`, 'latin1'))
        }
      },
    }
  }

  #report({ workloads, faults, notes }: Changed<T>, place: DocumentPlace): void {
    for (const each of workloads) {
      this.#workloads++
      if (each.isChanged) this.#changed++
      const at = lineWithin(place, each.line)
      const named = `${at}: ${titleOf(each.workload)}`
      if (this.#options.form.kind !== 'lines' && !each.hasFault) this.#say(`${named}: ${this.#options.describe(each)}`)
      for (const warning of this.#options.warnings(each)) this.#tell(`${named}: warning: ${warning}`)
    }
    for (const note of notes) {
      const text = `${lineWithin(place, note.line)}: ${note.text}`
      if (note.isUsual === true) this.#say(text)
      else this.#tell(text)
    }
    for (const fault of faults) this.#remark(place, fault)
  }

  #remark(place: DocumentPlace, { line, text }: Remark): void {
    this.#fault(`${lineWithin(place, line)}: ${text}`)
  }

  #fault(text: string): void {
    this.#faults++
    this.#tell(text)
  }

  /** What is said unless it is not to be. */
  #say(text: string): void {
    if (!this.#options.quiet) this.#tell(text)
  }

  #tell(text: string): void {
    this.#progress.clear()
    this.#stderr.write(`usher ${this.#options.command}: ${text}\n`)
  }
}

/** A workload as people name it. */
export function titleOf({ kind, namespace, name }: Workload): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}

function lineWithin({ source, document, line }: DocumentPlace, inDocument: number): string {
  return `${source}: document ${document}, line ${line + inDocument - 1}`
}

/** A character a byte: a diff of lines that are not UTF-8 shows them as they are. */
function asBytes(text: string | Uint8Array): string {
  return Buffer.from(text).toString('latin1')
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The first line that is not UTF-8, from 1. */
function lineOfFault(bytes: Uint8Array): number {
  let line = 1
  for (let start = 0; ; line++) {
    const end = bytes.indexOf(0x0a, start)
    if (end < 0 || decode(bytes.subarray(start, end)) === undefined) return line
    start = end + 1
  }
}
