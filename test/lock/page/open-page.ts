import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import type { Test } from 'tap'
import { renderPage } from '../../../src/lock/page/render.ts'
import { contentSecurityPolicy } from '../../../src/lock/page/routes.ts'
import type { StateView } from '../../../src/lock/state-view.ts'

/** The status page of a lock in a tab of its own. */
export interface OpenPage {
  readonly page: Page
  /** What went wrong in it: errors on the console, of scripts and of the policy, and windows that scripts opened. */
  readonly faults: readonly string[]
  /** The URLs that it has asked for. */
  readonly requests: readonly string[]
  /** The row of a table that names a pod. */
  row(table: 'holders' | 'waiters' | 'starts' | 'gates', name: string): Locator
  /** Waits for what the page says of its connection. */
  connection(state: 'live' | 'lost' | 'paused' | 'polling'): Promise<string>
}

/** How a page is opened. */
export interface Opening extends BrowserContextOptions {
  readonly path?: string
  /** What is shown instead of the lock's own state. */
  readonly state?: StateView
  /** How often it looks again without an event, instead of what the lock says. */
  readonly refreshSeconds?: number
  /** Whether the lock refuses to tell of events. */
  readonly isWithoutEvents?: boolean
}

/** Opens the status page of a lock; it is closed with the test. */
export async function openPage(t: Test, browser: Browser, { port }: { readonly port: number }, opening: Opening = {}): Promise<OpenPage> {
  const { path = '/status', state, refreshSeconds, isWithoutEvents = false, ...options } = opening
  const context = await browser.newContext(options)
  t.teardown(() => context.close())
  const page = await context.newPage()
  const faults: string[] = []
  const requests: string[] = []
  page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())))
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('dialog', (dialog) => {
    faults.push(`a window: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => requests.push(request.url()))
  if (state !== undefined) {
    const headers = { 'content-security-policy': contentSecurityPolicy, 'content-type': 'text/html; charset=utf-8' }
    await page.route('**/status', (route) => route.fulfill({ headers, body: renderPage(state) }))
  }
  if (refreshSeconds !== undefined) {
    await page.route('**/status', async (route) => {
      const response = await route.fetch()
      const body = (await response.text()).replace(/data-refresh-seconds="\d+"/, `data-refresh-seconds="${refreshSeconds}"`)
      await route.fulfill({ response, body })
    })
  }
  if (isWithoutEvents) await page.route('**/v1/events', (route) => route.fulfill({ status: 503 }))
  await page.goto(`http://127.0.0.1:${port}${path}`)
  return {
    page,
    faults,
    requests,
    row: (table, name) => page.locator(`table.${table} tbody tr`).filter({ hasText: name }),
    async connection(wanted) {
      const connection = page.locator(`#connection[data-state="${wanted}"]`)
      await connection.waitFor()
      return await connection.innerText()
    },
  }
}

/** How far the page is wider than what is seen of it, in pixels. */
export async function overflowOf(page: Page): Promise<number> {
  return await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}

/** A text, and how it stands out from what is behind it (WCAG 2.2, contrast ratio). */
export interface Contrast {
  readonly text: string
  readonly ratio: number
}

/** The contrast of every text that is seen. */
export async function contrastsOf(page: Page): Promise<readonly Contrast[]> {
  return await page.evaluate<readonly Contrast[]>(measureContrasts)
}

/** Runs in the page. */
const measureContrasts = String.raw`
(() => {
  const numbers = (color) => color.match(/[\d.]+/g).map(Number)
  const luminance = (color) => {
    const [red, green, blue] = numbers(color).slice(0, 3).map((each) => {
      const share = each / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const background = (element) => {
    for (let each = element; each !== null; each = each.parentElement) {
      const color = getComputedStyle(each).backgroundColor
      if ((numbers(color)[3] ?? 1) === 1) return color
    }
    throw new Error('nothing is behind it')
  }
  const found = []
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) {
    const text = texts.currentNode.data.trim()
    const element = texts.currentNode.parentElement
    if (text === '' || !element.checkVisibility() || /^(title|desc|noscript)$/i.test(element.localName)) continue
    const style = getComputedStyle(element)
    const color = element instanceof SVGElement ? style.fill : style.color
    const [light, dark] = [luminance(color), luminance(background(element))].toSorted((one, other) => other - one)
    found.push({ text, ratio: (light + 0.05) / (dark + 0.05) })
  }
  return found
})()
`
