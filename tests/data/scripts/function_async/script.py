import asyncio
import aiohttp
import unused


async def fetch(url):
    async with aiohttp.ClientSession() as session:
        import yarl

        return await session.get(yarl.URL(url))
