import { createServer, request as requestHttp } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { launchChromium, withoutChromium } from '../../support/chromium.ts'
import type { StateView } from '../../../src/lock/state-view.ts'
import { startFakeApiServer } from '../../support/fake-api-server.ts'
import { kubeconfigFor } from '../../support/kubeconfig-for.ts'
import { ask, askHeld, freePort, startLock } from '../../support/lock-process.ts'
import { until } from '../../support/until.ts'
import { contrastsOf, openPage, overflowOf } from './open-page.ts'
import { holder, hostilePods, sampleState, start, stateWith, unheardState } from './sample-state.ts'

const screenshots = fileURLToPath(new URL('../../../dist/screenshots/', import.meta.url))

t.test('the status page in a browser', { skip: withoutChromium }, async (t) => {
  const browser = await launchChromium(t)
  // Strict, as other locks of this machine's node would be free to grant more.
  const lock = await startLock(t, ['--strict'])

  /** Takes the lock for a pod; the returned function gives it back. */
  async function take(t: Test, uid: string, pod: string): Promise<() => Promise<void>> {
    t.equal((await ask(t, lock, `/?uid=${uid}&pod=${encodeURIComponent(pod)}`, { headers: { Prefer: 'wait=30' } })).status, 200, `${pod} has it`)
    return async () => {
      t.equal((await ask(t, lock, `/v1/leases/${uid}`, { method: 'DELETE' })).status, 204, `${pod} gives it back`)
    }
  }

  await t.test('shows who comes, starts and ends, without a reload', async (t) => {
    const { page, faults, requests, row, connection } = await openPage(t, browser, lock, { refreshSeconds: 3_600 })
    t.equal(await connection('live'), 'Live')
    await page.evaluate('window.isSame = true')
    await page.getByText('Nobody holds the lock.').waitFor()

    const endFirst = await take(t, 'live-1', 'shop/first')
    await row('holders', 'shop/first').waitFor()
    t.match(await row('holders', 'shop/first').innerText(), /a permit was free/)

    const waiting = await askHeld(t, lock, '/?uid=live-2&pod=shop/second')
    await row('waiters', 'shop/second').waitFor()
    t.match(await row('waiters', 'shop/second').innerText(), /^1\s+shop\/second\s+the permit is taken\s/)
    t.equal(await page.title(), '1 starting, 1 waiting – usher lock')
    t.equal(await page.locator('.row .bar.waiting').count() > 0, true, 'who waits is in the picture')

    await endFirst()
    t.equal((await waiting.answer()).status, 200)
    await row('holders', 'shop/second').waitFor()
    await page.getByText('Nobody waits.').waitFor()
    t.equal(await page.locator('.row .bar.ready').count(), 1, 'the first is ready in the picture')

    t.equal((await ask(t, lock, '/v1/leases/live-2', { method: 'DELETE' })).status, 204)
    await page.getByText('Nobody holds the lock.').waitFor()
    t.equal(await page.evaluate('window.isSame'), true, 'it was not loaded anew')
    t.strictSame(faults, [])
    const origins = new Set(requests.map((url) => new URL(url).origin))
    t.strictSame([...origins], [`http://127.0.0.1:${lock.port}`], 'nothing else was asked')
  })

  await t.test('looks again every few seconds where it is told of no events', async (t) => {
    const end = await take(t, 'polled', 'shop/polled')
    const { page, row, connection } = await openPage(t, browser, lock, { isWithoutEvents: true })
    await row('holders', 'shop/polled').waitFor()
    t.equal(await connection('polling'), 'Updated every few seconds')
    await end()
    await page.getByText('Nobody holds the lock.').waitFor()
  })

  await t.test('says that somebody has gone for a moment', async (t) => {
    const { row } = await openPage(t, browser, lock)
    const end = await take(t, 'away-1', 'shop/first')
    const waiting = await askHeld(t, lock, '/?uid=away-2&pod=shop/away')
    await row('waiters', 'shop/away').waitFor()
    waiting.socket.destroy()
    await row('waiters', 'gone for a moment').waitFor()
    t.equal((await ask(t, lock, '/v1/leases/away-2', { method: 'DELETE' })).status, 204)
    await end()
  })

  await t.test('keeps scroll, focus and what is open, and waits while text is selected', async (t) => {
    const { page, row, connection } = await openPage(t, browser, lock, { viewport: { width: 600, height: 200 } })
    await connection('live')
    await page.locator('#as-table-summary').click()
    await page.locator('#as-table-summary').focus()
    await page.evaluate('scrollTo({ top: 150 })')
    await page.evaluate('document.querySelector("main").isOld = true')
    const end = await take(t, 'keep-1', 'shop/keeps')
    await row('holders', 'shop/keeps').waitFor()
    t.strictSame(
      await page.evaluate('[document.querySelector("main").isOld, document.activeElement.id, scrollY, document.querySelector("details").open]'),
      [undefined, 'as-table-summary', 150, true],
    )

    await page.evaluate('getSelection().selectAllChildren(document.querySelector("table.holders bdi"))')
    await end()
    t.equal(await connection('paused'), 'Paused while text is selected')
    t.equal(await page.evaluate('getSelection().toString()'), 'shop/keeps')
    await page.evaluate('getSelection().empty()')
    await page.getByText('Nobody holds the lock.').waitFor()
    await connection('live')
  })

  await t.test('fetches once a second at most, however much happens', async (t) => {
    const { page, connection } = await openPage(t, browser, lock)
    await connection('live')
    for (let index = 0; index < 40; index++) await (await take(t, `burst-${index}`, `shop/burst-${index}`))()
    await page.locator('.labels text', { hasText: 'shop/burst-39' }).waitFor()
    const starts = await page.evaluate<number[]>(`performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/status')).map(({ startTime }) => startTime)`)
    t.ok(starts.length > 0)
    const gaps = starts.slice(1).map((start, index) => start - (starts[index] ?? 0))
    t.strictSame(gaps.filter((gap) => gap < 990), [])
  })

  await t.test('asks for nothing while nobody sees it, and for all when somebody does', async (t) => {
    const { page, row, requests, connection } = await openPage(t, browser, lock)
    await connection('live')
    const look = async (isHidden: boolean): Promise<void> => {
      await page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, value: ${isHidden} })`)
      await page.evaluate('document.dispatchEvent(new Event("visibilitychange"))')
    }
    const followed = (): number => requests.filter((url) => url.endsWith('/v1/events')).length
    await look(true)
    const end = await take(t, 'hidden', 'shop/hidden')
    await look(false)
    await row('holders', 'shop/hidden').waitFor()
    t.equal(followed(), 2, 'it has closed the events, and opened them again')
    await end()
  })

  await t.test('works under the path of a proxy', async (t) => {
    const prefix = '/api/v1/namespaces/usher/pods/lock:8888/proxy'
    const { page, faults, row, connection } = await openPage(t, browser, await startProxy(t, prefix, lock.port), { path: `${prefix}/status` })
    await connection('live')
    const end = await take(t, 'proxied', 'shop/proxied')
    await row('holders', 'shop/proxied').waitFor()
    t.not(await page.evaluate('getComputedStyle(document.querySelector("section")).borderRadius'), '0px', 'it has its style')
    await end()
    t.strictSame(faults, [])
  })

  await t.test('shows names as text, whatever they are', async (t) => {
    // The lock takes names with one slash only.
    const named = ['shop/<script>alert(1)<script>', `shop/"quotes" & 'ampersands' <img src=x onerror=alert(2)>`]
    const { faults, row, connection } = await openPage(t, browser, lock)
    await connection('live')
    for (const [index, pod] of named.entries()) {
      const end = await take(t, `named-${index}`, pod)
      await row('holders', pod).waitFor()
      t.equal(await row('holders', pod).locator('bdi').innerText(), pod)
      await end()
    }
    t.strictSame(faults, [])

    const starts = hostilePods.map((pod, index) => start(pod, 30 + index, 20, 10, 'ready'))
    const all = await openPage(t, browser, lock, { state: stateWith({ starts }) })
    await all.connection('live')
    await all.page.locator('#as-table-summary').click()
    t.strictSame(await all.page.locator('table.starts bdi').allInnerTexts(), hostilePods)
    t.equal(await all.page.locator('script, style, img').count(), 1, 'only the script of the page')
    t.strictSame(all.faults, [])
  })

  await t.test('runs no script but its own, even where one gets in', async (t) => {
    const { page, faults, connection } = await openPage(t, browser, lock)
    await connection('live')
    await page.evaluate(`document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.isRun = true' }))`)
    await until('the policy is violated', () => faults.some((fault) => fault.includes('Content Security Policy')))
    t.equal(await page.evaluate('window.isRun'), undefined)
  })

  await t.test('says that the connection is lost, and comes back', async (t) => {
    const flags = ['--port', String(await freePort())]
    const first = await startLock(t, flags)
    const { page, connection } = await openPage(t, browser, first)
    await connection('live')
    first.kill('SIGTERM')
    await first.ended
    const lost = await connection('lost')
    t.equal(lost, `Connection lost. Shown is ${await page.locator('#as-of').innerText()}. Trying again.`)
    const second = await startLock(t, flags)
    await connection('live')
    t.equal((await ask(t, second, '/?uid=after&pod=shop/after')).status, 200)
    await page.locator('table.holders bdi', { hasText: 'shop/after' }).waitFor()
  })

  await t.test('says which gate is closed', async (t) => {
    const port = await freePort()
    const gated = await startLock(t, ['--check', `tcp://127.0.0.1:${port}`])
    const { row } = await openPage(t, browser, gated)
    await askHeld(t, gated, '/?uid=gated&pod=shop/gated')
    await row('waiters', `a gate is closed: tcp://127.0.0.1:${port}`).waitFor()
    await row('gates', 'connection refused').waitFor()
    t.match(await row('gates', String(port)).innerText(), /\bclosed\b/)
  })

  await t.test('shows how far pods are, and when they are not heard of any more, without a reload', async (t) => {
    const api = await startFakeApiServer(t)
    const watching = await startLock(t, ['--strict', '--node', 'n1', '--kubeconfig', kubeconfigFor(t, api)])
    const { page, faults, row, connection } = await openPage(t, browser, watching)
    await connection('live')
    await page.evaluate('window.isSame = true')
    await page.getByText('not known yet').waitFor()
    const list = await api.next('/api/v1/pods')
    list.list('1', [podOf('u1', 'web-0', false, 1_000), podOf('u2', 'web-1', false, 2_000)])
    await page.getByText('2 pods of this node are watched.').waitFor()

    t.equal((await ask(t, watching, '/?uid=u1&pod=shop/said')).status, 200)
    await row('holders', 'shop/web-0').waitFor()
    t.match(await row('holders', 'shop/web-0').innerText(), /0\/1 ready, app: not started\s+turn ends when all are ready/)
    await askHeld(t, watching, '/?uid=u2')
    await row('waiters', 'shop/web-1').waitFor()
    t.match(await row('waiters', 'shop/web-1').innerText(), /2000\s+1$/, 'with its priority')

    const watch = await api.next('/api/v1/pods')
    watch.event('MODIFIED', podOf('u1', 'web-0', true, 1_000))
    await row('holders', '0/1 ready, app: readiness probe').waitFor()
    watch.end()
    await page.getByText('The API server is not heard: turns end by time.').waitFor()
    await row('holders', 'turn ends by time').waitFor()
    const next = await api.next('/api/v1/pods')
    next.event('DELETED', podOf('u1', 'web-0', true, 1_000))
    next.event('MODIFIED', podOf('u2', 'web-1', true, 2_000))
    await row('holders', 'shop/web-1').waitFor()
    t.equal(await page.evaluate('window.isSame'), true, 'it was not loaded anew')
    t.notMatch(await page.content(), /\bu[12]\b/, 'no uid is shown')
    t.strictSame(faults, [])
  })

  await t.test('is a plain table without JavaScript, which is loaded anew', async (t) => {
    const { page, faults } = await openPage(t, browser, lock, { state: sampleState, javaScriptEnabled: false })
    t.match(await page.locator('table.waiters').innerText(), /payments\/ledger-7f9c6d5b8-x2x7k\s+the permit is taken/)
    t.match(await page.locator('table.holders').innerText(), /shop\/checkout-5d9c7b6f4-w8kzn\s+1\/2 ready, web: readiness probe\s+turn ends when all are ready/)
    t.match(await page.locator('main').innerText(), '34 pods of this node are watched.')
    t.match(await page.locator('header').innerText(), 'Without JavaScript, this page is loaded anew every 10 seconds.')
    t.equal(await page.locator('head meta[http-equiv="refresh"]').getAttribute('content'), '10')
    t.equal(await page.locator('#connection').innerText(), '')
    t.strictSame(faults, [])
    await page.screenshot({ path: `${screenshots}lock-page-without-javascript.png`, fullPage: true })
  })

  await t.test('fits on a phone', async (t) => {
    const starts = [...sampleState.starts, start(`${'n'.repeat(63)}/${'p'.repeat(253)}`, 5, 4), ...hostilePods.map((pod) => start(pod, 9, 8, 7, 'ready'))]
    const containers = { ready: 10, total: 12, lacks: `${'c'.repeat(63)}: CreateContainerConfigError` }
    const holders = hostilePods.map((pod) => ({ ...holder(pod, 4_000, 3_599, 3_599), containers }))
    const wide: StateView = { ...sampleState, starts, holders: [...holders, ...sampleState.holders] }
    for (const width of [320, 390]) {
      const viewport = { width, height: 700 }
      for (const state of [wide, unheardState, stateWith()]) {
        const { page, connection } = await openPage(t, browser, lock, { state, viewport })
        await connection('live')
        if (state === wide) await page.locator('#as-table-summary').click()
        t.equal(await overflowOf(page), 0, `${width} px`)
      }
    }
    const { page, connection } = await openPage(t, browser, lock, { state: sampleState, viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 })
    await connection('live')
    await page.screenshot({ path: `${screenshots}lock-page-phone.png`, fullPage: true })
  })

  await t.test('has the names beside the bars, and above them where it is narrow', async (t) => {
    for (const width of [390, 1_180]) {
      const { page, connection } = await openPage(t, browser, lock, { state: sampleState, viewport: { width, height: 700 } })
      await connection('live')
      const [names, bars, first] = await page.evaluate<[number, number, number]>(
        `['.labels', '.bars', '.row:last-child .bar'].map((name) => Math.round(document.querySelector(name).getBoundingClientRect().left))`,
      )
      t.equal(first, bars, 'the first arrival is at the left end of the axis')
      t.equal(bars === names, width === 390, `${names}, ${bars}`)
    }
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    await t.test(`is legible when it is ${colorScheme}`, async (t) => {
      const gates = [...sampleState.gates, { name: 'tcp://db:1', open: false, overdue: false, reason: 'connection refused', seconds: 3 }]
      const { page, faults, connection } = await openPage(t, browser, lock, { state: { ...sampleState, gates }, colorScheme, viewport: { width: 1_180, height: 800 } })
      await connection('live')
      const background = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
      const brightest = Math.max(...(background.match(/\d+/g) ?? []).map(Number))
      t.ok(colorScheme === 'dark' ? brightest < 40 : brightest > 240, background)
      await page.locator('#as-table-summary').click()
      const contrasts = await contrastsOf(page)
      t.ok(contrasts.length > 100, `${contrasts.length} texts`)
      t.strictSame(contrasts.filter(({ ratio }) => ratio < 4.5), [])
      t.strictSame(faults, [])
      await page.locator('#as-table-summary').click()
      await page.screenshot({ path: `${screenshots}lock-page-${colorScheme}.png`, fullPage: true })
      await page.evaluate(`document.getElementById('connection').dataset.state = 'lost'`)
      t.strictSame((await contrastsOf(page)).filter(({ ratio }) => ratio < 4.5), [], 'also when the connection is lost')
      const lost = await openPage(t, browser, lock, { state: unheardState, colorScheme, viewport: { width: 1_180, height: 800 } })
      await lost.connection('live')
      await lost.page.getByText('The API server is not heard').waitFor()
      t.strictSame((await contrastsOf(lost.page)).filter(({ ratio }) => ratio < 4.5), [], 'and when the API server is not heard')
      await lost.page.screenshot({ path: `${screenshots}lock-page-unheard-${colorScheme}.png` })
    })
  }
})

/** A pod with a readiness probe, as the API server shows it: before its containers, or while they start. */
function podOf(uid: string, name: string, isRunning: boolean, priority: number): object {
  const done = { name: 'usher-lock', containerID: `containerd://${uid}`, state: { terminated: { exitCode: 0 } } }
  return {
    metadata: { uid, name, namespace: 'shop', resourceVersion: isRunning ? '3' : '1' },
    spec: { priority, initContainers: [{ name: 'usher-lock' }], containers: [{ name: 'app', readinessProbe: { httpGet: { port: 80 } } }] },
    status: isRunning ? { initContainerStatuses: [done], containerStatuses: [{ name: 'app', ready: false, started: true, state: { running: {} } }] } : {},
  }
}

/** A proxy that serves a lock under a path, as `kubectl proxy` does. */
async function startProxy(t: Test, prefix: string, port: number): Promise<{ readonly port: number }> {
  const server = createServer((request, response) => {
    if (request.url?.startsWith(prefix) !== true) {
      response.writeHead(404).end()
      return
    }
    const { method, headers } = request
    const sent = requestHttp({ host: '127.0.0.1', port, path: request.url.slice(prefix.length), method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    sent.on('error', () => response.destroy())
    response.on('close', () => sent.destroy())
    request.pipe(sent)
  })
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { port: (server.address() as AddressInfo).port }
}
