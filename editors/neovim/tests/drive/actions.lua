-- Code actions the whole way: the real byok-lsp ($BYOK_BINARY), a scripted provider on loopback, the menu, the edit on the screen.

local provider = require('loopback')

local BINARY = assert(vim.env.BYOK_BINARY, 'BYOK_BINARY must name the server')
local CODE = { 'fn add(a: i32, b: i32) -> i32 {', '    a - b', '}' }

--- Opens a file with the cursor in its function, under a provider that answers by a script.
local function ready(nvim, script, preview)
  local url, requests = provider(nvim, script)
  vim.fn.mkdir(nvim.work .. '/.git')
  nvim:configure(([[
[providers.mock]
wire = "openai-chat"
base_url = "%s"
key = { env = "MOCK_KEY" }
prices = { small = { input = "3 USD", output = "20 USD" } }
]]):format(url))
  nvim:setup({ cmd = { BINARY, 'serve' }, preview = preview, settings = { actions = { model = 'mock/small' } } })
  nvim:open('lib.rs', CODE)
  nvim:expect('attached()', true)
  nvim:lua([[
    _G.progress, _G.titles = {}, {}
    vim.api.nvim_create_autocmd('LspProgress', { callback = function(event)
      table.insert(_G.progress, event.data.params.value.kind)
    end })
    -- The menu: chooses the entry that begins with _G.choice.
    vim.ui.select = function(items, opts, choose)
      _G.titles = vim.tbl_map(opts.format_item, items)
      for number, title in ipairs(_G.titles) do
        if _G.choice and vim.startswith(title, _G.choice) then
          return choose(items[number], number)
        end
      end
    end
  ]])
  nvim:lua('vim.api.nvim_win_set_cursor(0, { 2, 4 })')
  -- The functions of the file are known a moment after it is opened.
  nvim:eventually('the menu knows the function', function()
    nvim:lua([[vim.cmd('Byok action')]])
    vim.wait(50)
    return nvim:lua('return table.concat(_G.titles, "\\n")')
  end, function(titles) return titles:find('Simplify function add', 1, true) ~= nil end)
  return requests
end

local function says(code)
  return { text = { 'Here you are:\n```rust\n', code, '\n```\n' }, usage = { prompt_tokens = 1000, completion_tokens = 10 } }
end

local FIXED = table.concat({ 'fn add(a: i32, b: i32) -> i32 {', '    a + b', '}' }, '\n')

return {
  { 'the menu names model, payer and price, and asks nobody', function(nvim)
    local requests = ready(nvim, { says(FIXED) })
    nvim:expect_text('table.concat(_G.titles, "\\n")', 'mock/small · you, by a local server · ~$0.00')
    assert(#requests() == 0)
  end },

  { 'fix: a diagnostic of another server is mended', function(nvim)
    local requests = ready(nvim, { says(FIXED) })
    nvim:lua([[
      vim.diagnostic.set(vim.api.nvim_create_namespace('other'), 0, {
        { lnum = 1, col = 4, end_lnum = 1, end_col = 9, message = 'this subtracts', severity = 1 },
      })
      _G.choice = 'Fix this subtracts'
      vim.cmd('Byok action')
    ]])
    nvim:expect('text()', FIXED)
    assert(requests()[1].body.messages[2].content:find('Problem at the line `a - b`: this subtracts', 1, true))
    nvim:expect('#seen.usage', 1)
    nvim:expect('{ seen.usage[1].feature, seen.usage[1].action }', { 'action', 'fix' })
    nvim:expect('_G.progress[#_G.progress]', 'end')
    nvim:keys('u')
    nvim:expect('text()', table.concat(CODE, '\n'))
  end },

  { 'rewrite: the user is asked, and the selected lines change', function(nvim)
    local requests = ready(nvim, { says('    a.wrapping_add(b)') })
    nvim:lua([[
      vim.ui.input = function(opts, answer) _G.prompt = opts.prompt; answer('wrap around') end
      vim.cmd('2Byok action rewrite')
    ]])
    nvim:expect('text()', 'fn add(a: i32, b: i32) -> i32 {\n    a.wrapping_add(b)\n}')
    assert(requests()[1].body.messages[2].content:find("The user's instruction: wrap around", 1, true))
    nvim:expect('_G.prompt', 'What should change? ')
  end },

  { 'explain: a document with model and cost opens, by the editor\'s own menu', function(nvim)
    ready(nvim, { { text = { 'It *subtracts*.' }, usage = { prompt_tokens = 1000, completion_tokens = 10 } } })
    nvim:lua([[_G.choice = 'Explain function add'; vim.lsp.buf.code_action()]])
    nvim:expect_text('vim.api.nvim_buf_get_name(0)', 'explanation-')
    nvim:expect_text('text()', 'It *subtracts*.')
    nvim:expect_text('text()', 'mock/small · you: through a server on this machine · $0.0032')
  end },

  { 'a preview shows the edit first; q leaves the text, y has it made', function(nvim)
    ready(nvim, { says(FIXED) }, true)
    nvim:lua([[vim.cmd('Byok action simplify')]])
    nvim:expect('vim.wo.diff', true)
    nvim:expect('text()', FIXED)
    nvim:keys('q')
    nvim:expect('#vim.api.nvim_list_tabpages()', 1)
    nvim:expect('text()', table.concat(CODE, '\n'))
    nvim:expect('_G.progress[#_G.progress]', 'end')
    nvim:lua([[vim.cmd('Byok action simplify')]])
    nvim:expect('vim.wo.diff', true)
    nvim:keys('y')
    nvim:expect('#vim.api.nvim_list_tabpages()', 1)
    nvim:expect('text()', FIXED)
  end },

  { 'typing meanwhile is kept', function(nvim)
    local requests = ready(nvim, { { text = { '```rust\n', FIXED, '\n```\n' }, first_ms = 300 } })
    nvim:lua([[vim.cmd('Byok action simplify')]])
    nvim:eventually('the provider is asked', requests, function(list) return #list == 1 end)
    nvim:keys('ggO// typed<Esc>')
    nvim:expect('text()', '// typed\n' .. FIXED)
  end },

  { ':Byok cancel closes the stream and changes nothing', function(nvim)
    local slow = { '```rust\n' }
    for number = 1, 200 do
      slow[number + 1] = ('// line %d\n'):format(number)
    end
    local requests = ready(nvim, { { text = slow, chunk_ms = 100 } })
    nvim:lua([[vim.cmd('Byok action simplify')]])
    nvim:eventually('the provider is asked', requests, function(list) return #list == 1 end)
    nvim:expect('_G.progress[#_G.progress]', 'report')
    nvim:lua([[vim.cmd('Byok cancel')]])
    nvim:eventually('the stream is closed', requests, function(list) return list[1].outcome == 'disconnected' end)
    nvim:expect('_G.progress[#_G.progress]', 'end')
    nvim:expect('text()', table.concat(CODE, '\n'))
    nvim:expect('seen.usage[1].outcome', 'cancelled')
  end },

  { 'an answer that cannot be used changes nothing and says why', function(nvim)
    ready(nvim, { { text = { 'No.' } } })
    nvim:lua([[
      _G.shown = {}
      vim.lsp.handlers['window/showMessage'] = function(_, params) table.insert(_G.shown, params.message) end
      vim.cmd('Byok action simplify')
    ]])
    nvim:expect_text('_G.shown[1] or table.concat(vim.tbl_map(function(n) return n.message end, seen.notifications), "\\n") .. vim.fn.execute("messages")', 'holds no code block')
    nvim:expect('text()', table.concat(CODE, '\n'))
  end },
}
