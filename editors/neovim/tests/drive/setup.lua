-- `byok-lsp setup neovim`, then a Neovim that was told nothing else: the plugin is there, the server attaches, the help is found.

local BINARY = assert(vim.env.BYOK_BINARY, 'BYOK_BINARY must name the server')

local PROBE = [[
  local attached = vim.wait(20000, function()
    local client = vim.lsp.get_clients({ name = 'byok', bufnr = 0 })[1]
    return client ~= nil and client.initialized == true
  end, 20)
  local help = pcall(vim.cmd.help, 'byok-options')
  io.stdout:write(vim.json.encode({ attached = attached, help = help, command = vim.fn.exists(':Byok') }))
]]

--- The environment of a user with nothing but a home and the program on the path.
local function environment(nvim)
  return {
    PATH = vim.fs.dirname(BINARY) .. ':' .. vim.env.PATH,
    LANG = 'C.UTF-8',
    HOME = nvim.folder,
    XDG_CONFIG_HOME = nvim.folder .. '/config',
    XDG_STATE_HOME = nvim.folder .. '/state',
    XDG_DATA_HOME = nvim.folder .. '/data',
    XDG_CACHE_HOME = nvim.folder .. '/cache',
  }
end

local function run(nvim, command)
  local done = vim.system(command, { text = true, clear_env = true, env = environment(nvim), cwd = nvim.work }):wait(60000)
  assert(done.code == 0, vim.inspect(done))
  return done.stdout
end

return {
  { 'setup neovim is all that an empty Neovim needs, and twice is once', function(nvim)
    local said = run(nvim, { BINARY, 'setup', 'neovim', '--yes' })
    assert(said:find('ok  the server starts', 1, true), said)
    local again = run(nvim, { BINARY, 'setup', 'neovim', '--yes', '--json' })
    for _, change in ipairs(vim.json.decode(again).changes) do
      assert(change.state == 'unchanged', vim.inspect(change))
    end
    vim.fn.writefile({ 'fn main() {}' }, nvim.work .. '/main.rs')
    vim.fn.writefile(vim.split(PROBE, '\n'), nvim.folder .. '/probe.lua')
    local found = run(nvim, { vim.v.progpath, '--headless', '-n', '-i', 'NONE', 'main.rs', '-c', 'luafile ' .. nvim.folder .. '/probe.lua', '-c', 'qall!' })
    assert(vim.deep_equal(vim.json.decode(found), { attached = true, help = true, command = 2 }), found)
  end },

  { 'a model in the one settings file holds in Neovim, and the editor sets it anew above that', function(nvim)
    local settings = nvim.folder .. '/config/byok-lsp'
    vim.fn.mkdir(settings, 'p')
    vim.fn.writefile({ '[completion]', 'model = "local"', 'max_lines = 3' }, settings .. '/config.toml')
    local current = function(options)
      nvim:lua([[require('byok').setup(...)]], { cmd = { BINARY, 'serve' }, settings = options })
      nvim:open('main.rs', { 'fn main() {}' })
      nvim:expect('attached()', true)
      return function(model)
        nvim:expect([[(vim.lsp.get_clients({ name = 'byok' })[1]:request_sync('byok/models', vim.empty_dict(), 5000) or {}).result.current]], model)
      end
    end
    current(vim.empty_dict())('local/patterns')
    current({ completion = { model = 'mock/x' }, providers = { mock = { wire = 'openai-chat', base_url = 'http://127.0.0.1:9/v1', key = 'none' } } })('mock/x')
  end },
}
