import { OutputError, outputFlow } from './output-flow.ts'

/** Writes a text to a stream of the process. A reader that has gone, as `head` does, has read what it wanted. */
export async function writeText(stream: NodeJS.WriteStream, text: string): Promise<void> {
  try {
    await outputFlow(stream).write(text)
  } catch (error) {
    if (!(error instanceof OutputError && error.isClosed)) throw error
  }
}
