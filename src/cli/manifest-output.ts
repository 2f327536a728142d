import type { Changed } from '../manifest/change-workloads.ts'
import { dataOf, isJson, objectText, readDocument } from '../manifest/document.ts'
import { plainLayout } from '../manifest/layout.ts'
import { printBlock, rawNumber } from '../manifest/print.ts'
import type { OutputFlow } from './output-flow.ts'

/** In which form documents are written: as they came, or all in one format. */
export type DocumentFormat = 'as-is' | 'yaml' | 'json'

/** Writes documents one after the other, so that what comes out is a stream of manifests again. */
export class DocumentWriter {
  readonly #flow: OutputFlow
  readonly #format: DocumentFormat
  #hasWritten = false
  #endsLine = true
  #last = ''

  constructor(flow: OutputFlow, format: DocumentFormat) {
    this.#flow = flow
    this.#format = format
  }

  /**
   * Writes the text of a document, or of what stands between documents.
   *
   * @param startsSource whether it is the first of a file: what marks its beginning may not be there.
   */
  async write({ kind, text }: Pick<Changed<unknown>, 'kind' | 'text'>, startsSource: boolean): Promise<void> {
    if (this.#format === 'as-is' || (this.#format === 'yaml' && kind !== 'manifest')) {
      await this.#writeText(text, startsSource)
      return
    }
    if (kind !== 'manifest') return
    const reading = readDocument(text.replace(/^\u{FEFF}/u, ''))
    if (reading.kind !== 'manifest') return
    const object = objectText(reading.manifest)
    const wasJson = isJson(object)
    if (this.#format === 'json') {
      const printed = wasJson ? object : JSON.stringify(dataOf(reading.manifest), rawNumber, 2)
      await this.#flow.write(`${printed}\n`)
    } else if (wasJson) {
      await this.#writeText(printBlock(dataOf(reading.manifest), 0, plainLayout) || '{}\n', true)
    } else await this.#writeText(text, startsSource)
  }

  /** Writes bytes of which nothing is known. */
  async writeBytes(bytes: Uint8Array, startsSource: boolean): Promise<void> {
    if (this.#format === 'json') return
    if (startsSource && this.#hasWritten) await this.#flow.write(`${this.#endsLine ? '' : '\n'}---\n`)
    this.#note(bytes.at(-1) === 0x0a, '')
    await this.#flow.write(bytes)
  }

  async #writeText(text: string, mayNeedMarker: boolean): Promise<void> {
    // A byte order mark is for the beginning of a stream.
    const shown = mayNeedMarker && this.#hasWritten && text.startsWith('\u{FEFF}') ? text.slice(1) : text
    if (shown === '') return
    const separator = mayNeedMarker && this.#hasWritten ? this.#separatorBefore(shown) : ''
    this.#note(shown.endsWith('\n'), shown)
    await this.#flow.write(separator + shown)
  }

  #separatorBefore(text: string): string {
    const line = this.#endsLine ? '' : '\n'
    const first = /^(?![ \t]*#|\s*$).*/m.exec(text)?.[0] ?? ''
    if (/^---(?:\s|$)/.test(first)) return line
    if (first.startsWith('%')) return `${line}...\n`
    return isJson(this.#last) && isJson(text) ? line : `${line}---\n`
  }

  #note(endsLine: boolean, text: string): void {
    this.#hasWritten = true
    this.#endsLine = endsLine
    this.#last = text
  }
}
