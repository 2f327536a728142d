import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import type { Test } from 'tap'

const names = ['chromium', 'chromium-browser', 'google-chrome']

/** Why tests in a browser are skipped; false: there is one. */
export const withoutChromium: string | false =
  findChromium() === undefined && `no browser: USHER_CHROMIUM is not set, and none of ${names.join(', ')} is on the PATH`

/** Starts a Chromium, which ends with the test. */
export async function launchChromium(t: Test): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error(String(withoutChromium))
  // Its sandbox needs rights that root gives up.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const browser = await chromium.launch({ executablePath, args })
  t.teardown(() => browser.close())
  return browser
}

function findChromium(): string | undefined {
  const given = process.env['USHER_CHROMIUM']
  if (given !== undefined && given !== '') return given
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
