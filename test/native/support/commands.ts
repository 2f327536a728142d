import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Why a test cannot run here, as tap's `skip` takes it: the first of these commands that is not installed. */
export function missingCommand(...commands: readonly string[]): string | false {
  const missing = commands.find((command) => !isInstalled(command))
  return missing === undefined ? false : `${missing} is not installed`
}

function isInstalled(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
