import { unlinkSync } from 'node:fs'
import { type FileHandle, open, realpath, rename, stat } from 'node:fs/promises'

interface Written {
  readonly text: string
  readonly workloads: readonly { readonly isChanged: boolean }[]
}

// What is unchanged so far is held back, so that a file in which nothing changes is not written at all.
const heldBackBytes = 16 * 1_048_576

/** Writes a file anew, beside itself: it is there as it was, or whole and changed, whatever happens meanwhile. */
export function fileSink(name: string) {
  let file = name
  let handle: FileHandle | undefined
  let isChanged = false
  let held: (string | Uint8Array)[] = []
  let heldSize = 0

  function remove(): void {
    try {
      unlinkSync(`${file}${suffix}`)
    } catch {
      // It is not there yet, or not any more.
    }
  }

  function endBy(signal: NodeJS.Signals): void {
    remove()
    // As if nobody had listened.
    process.off(signal, endBy)
    process.kill(process.pid, signal)
  }

  async function start(): Promise<FileHandle> {
    file = await realpath(name)
    const stats = await stat(file)
    if (!stats.isFile()) throw new Error('it is not a regular file, and cannot be replaced')
    const { mode, uid, gid } = stats
    for (const signal of endings) process.on(signal, endBy)
    handle = await open(`${file}${suffix}`, 'wx', 0o600)
    // Only root may give a file away; for all others it is theirs already, or becomes theirs.
    await handle.chown(uid, gid).catch(() => {})
    await handle.chmod(mode)
    for (const part of held) await handle.writeFile(part)
    held = []
    return handle
  }

  async function close(): Promise<void> {
    for (const signal of endings) process.off(signal, endBy)
    await handle?.close()
    handle = undefined
  }

  return {
    async write({ bytes }: { readonly bytes: Uint8Array }, changed: Written | undefined): Promise<void> {
      const part = changed === undefined ? bytes : changed.text
      isChanged ||= changed?.workloads.some((each) => each.isChanged) === true
      heldSize += bytes.length
      if (!isChanged && heldSize <= heldBackBytes) held.push(part)
      else await (handle ?? (await start())).writeFile(part)
    },
    async end(): Promise<void> {
      if (handle === undefined) return
      await close()
      if (isChanged) await rename(`${file}${suffix}`, file)
      else remove()
    },
    async cancel(): Promise<void> {
      const wasOpen = handle !== undefined
      await close()
      if (wasOpen) remove()
    },
  }
}

const suffix = `.usher-${process.pid}.tmp`
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
