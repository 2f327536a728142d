import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises'

/** Writes a file anew, beside itself: it is there as it was, or whole and changed, whatever happens meanwhile. */
export function fileSink(name: string) {
  let file = name
  let handle: FileHandle | undefined
  let isChanged = false

  function temporary(): string {
    return `${file}.usher-${process.pid}.tmp`
  }

  return {
    async write({ bytes }: { readonly bytes: Uint8Array }, changed: { readonly text: string; readonly workloads: readonly { readonly isChanged: boolean }[] } | undefined): Promise<void> {
      if (handle === undefined) {
        file = await realpath(name)
        const { mode } = await stat(file)
        handle = await open(temporary(), 'wx', mode)
        // The mode of a new file is narrowed by the umask.
        await handle.chmod(mode)
      }
      isChanged ||= changed?.workloads.some((each) => each.isChanged) === true
      await handle.writeFile(changed === undefined ? bytes : changed.text)
    },
    async end(): Promise<void> {
      await handle?.close()
      if (handle === undefined) return
      if (isChanged) await rename(temporary(), file)
      else await unlink(temporary())
      handle = undefined
    },
    async cancel(): Promise<void> {
      if (handle === undefined) return
      await handle.close()
      await unlink(temporary()).catch(() => {})
    },
  }
}
